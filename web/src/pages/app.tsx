import { Component, lazy, type ReactNode, Suspense, useEffect } from "react";
import { Route, Switch, useLocation } from "wouter";
import { navigate } from "wouter/use-browser-location";
import { ApiError, whenSignedOut } from "@/api/http";
import { useMe } from "@/api/queries";
import { texts } from "@/texts";
import { Empty } from "@/ui/bits";
import { NotFound } from "@/ui/notFound";
import { TopBar } from "@/ui/shell";
import { Toasts } from "@/ui/toasts";
import LoginPage from "./loginPage";
import ProjectsPage from "./projectsPage";

const AnnotatePage = lazy(() => import("./annotatePage"));
const OverviewPage = lazy(() => import("./overviewPage"));
const RoundsPage = lazy(() => import("./roundsPage"));
const ModelsPage = lazy(() => import("./modelsPage"));
const ImagesPage = lazy(() => import("./imagesPage"));
const PeoplePage = lazy(() => import("./peoplePage"));
const ReviewPage = lazy(() => import("./reviewPage"));

const PROJECT_PAGES = [
  ["/projects/:id", OverviewPage],
  ["/projects/:id/annotate", AnnotatePage],
  ["/projects/:id/rounds", RoundsPage],
  ["/projects/:id/models", ModelsPage],
  ["/projects/:id/images", ImagesPage],
  ["/projects/:id/people", PeoplePage],
  ["/projects/:id/review", ReviewPage],
] as const;

/** Signed out: to the sign-in page, and back to this one afterwards. */
whenSignedOut(() => {
  const { pathname, search } = window.location;
  if (pathname !== "/login")
    navigate(`/login?next=${encodeURIComponent(pathname + search)}`, { replace: true });
});

class Boundary extends Component<{ children: ReactNode }, { error: Error | null }> {
  override state = { error: null as Error | null };

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  override render() {
    if (!this.state.error) return this.props.children;
    return (
      <Empty icon="flag" title={texts.common.crash.title}>
        <p className="mono">{this.state.error.message}</p>
        <button type="button" className="button" onClick={() => window.location.reload()}>
          {texts.common.crash.reload}
        </button>
      </Empty>
    );
  }
}

function SignedIn() {
  const { data: me, error } = useMe();
  if (error && !(error instanceof ApiError && error.status === 401)) return <NotFound error={error} />;
  if (!me) return null;
  return (
    <Suspense fallback={<TopBar />}>
      <Switch>
        <Route path="/" component={ProjectsPage} />
        {PROJECT_PAGES.map(([path, Page]) => (
          <Route key={path} path={path}>
            {({ id }: { id: string }) => <Page key={id} id={id} />}
          </Route>
        ))}
        <Route>
          <TopBar />
          <NotFound />
        </Route>
      </Switch>
    </Suspense>
  );
}

export function App() {
  const [location] = useLocation();
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new page starts at its top
  useEffect(() => {
    // In braces: newer browsers give a promise, which React would take for a clean-up function.
    void window.scrollTo(0, 0);
  }, [location]);
  return (
    <Boundary key={location}>
      {location === "/login" ? <LoginPage /> : <SignedIn />}
      <Toasts />
    </Boundary>
  );
}
