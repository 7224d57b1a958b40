import { type ReactNode, useEffect } from "react";
import { Link, useLocation } from "wouter";
import { auth } from "@/api/endpoints";
import { useProjectEvents } from "@/api/events";
import { queryClient, useMe, useProject } from "@/api/queries";
import type { Project } from "@/api/types";
import { texts } from "@/texts";
import { Skeleton } from "./bits";
import { Icon, Logo } from "./icons";
import { LanguageChoice } from "./languages";
import { Menu } from "./menu";
import { NotFound } from "./notFound";
import { ThemeMenu } from "./theme";
import { toastError } from "./toasts";

const NAV = ["overview", "annotate", "rounds", "images", "models", "review", "people"] as const;

function AccountMenu() {
  const { data: me } = useMe();
  const [, navigate] = useLocation();
  const signOut = async () => {
    try {
      await auth.logout();
      queryClient.clear();
      navigate("/login");
    } catch (error) {
      toastError(error);
    }
  };
  return (
    <Menu label={texts.common.account.label} trigger={<Icon name="user" />}>
      {() => (
        <>
          <div className="heading">
            {me?.username}
            {me?.is_admin ? ` · ${texts.common.account.admin}` : ""}
          </div>
          <a href="/docs" target="_blank" rel="noreferrer">
            {texts.common.account.apiDocs}
          </a>
          <hr />
          <LanguageChoice />
          <hr />
          <button type="button" onClick={signOut}>
            {texts.common.account.signOut}
          </button>
        </>
      )}
    </Menu>
  );
}

export function TopBar({ project, aside }: { project?: Project; aside?: ReactNode }) {
  const [location] = useLocation();
  const base = project ? `/projects/${project.id}` : "";
  return (
    <header className="topbar">
      <a className="button skip-link" href="#content">
        {texts.common.skipToContent}
      </a>
      <Link href="/" className="brand" title={texts.common.nav.projects}>
        <Logo />
        {texts.common.product}
      </Link>
      {project && (
        <>
          <span className="crumb">
            <span className="truncate" title={project.name}>
              {project.name}
            </span>
          </span>
          <nav aria-label={texts.common.nav.label}>
            {NAV.map((name) => {
              const href = name === "overview" ? base : `${base}/${name}`;
              return (
                <Link key={name} href={href} aria-current={location === href ? "page" : undefined}>
                  {texts.common.nav[name]}
                </Link>
              );
            })}
          </nav>
        </>
      )}
      <span className="grow" />
      {aside}
      <ThemeMenu />
      <AccountMenu />
    </header>
  );
}

interface ProjectFrameProps {
  id: string;
  title: string;
  aside?: ReactNode;
  children(project: Project): ReactNode;
}

/** The frame of every page of a project: bar, navigation, live notices. */
export function ProjectFrame({ id, title, aside, children }: ProjectFrameProps) {
  const { data: project, error } = useProject(id);
  useProjectEvents(id);
  useEffect(() => {
    document.title = [title, project?.name, texts.common.product].filter(Boolean).join(" · ");
  }, [title, project?.name]);
  if (error) return <NotFound error={error} />;
  return (
    <>
      <TopBar project={project} aside={aside} />
      {project ? (
        children(project)
      ) : (
        <main className="page stack">
          <Skeleton height={32} width={220} />
          <Skeleton height={280} />
        </main>
      )}
    </>
  );
}

export function PageHead({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="page-head">
      <h1 className="truncate">{title}</h1>
      {children}
    </div>
  );
}
