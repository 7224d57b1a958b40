import { useEffect, useRef, useState } from "react";
import { annotateActions } from "@/annotating/annotateActions";
import { AnnotateController } from "@/annotating/controller";
import { useAnnotate } from "@/annotating/state";
import { keys, queryClient, useMe } from "@/api/queries";
import type { Project, User } from "@/api/types";
import { texts } from "@/texts";
import { ProjectFrame } from "@/ui/shell";
import { toast, toastError } from "@/ui/toasts";
import "@/styles/annotate.css";
import "@/styles/saving.css";
import { ActionBar } from "./annotate/actionBar";
import { CanvasParts } from "./annotate/canvasParts";
import { GuideDialog, useFirstVisit } from "./annotate/guideDialog";
import { HelpDialog } from "./annotate/helpDialogs";
import { KeptWorkDialog } from "./annotate/keptWork";
import { LiveNews } from "./annotate/liveNews";
import { Banners, WaitingOverlay } from "./annotate/overlays";
import { Panel } from "./annotate/panel";
import { SafetyNotices } from "./annotate/safetyBanners";
import { SaveState } from "./annotate/saveState";
import { SignIn } from "./annotate/signInDialog";
import { Toolbar } from "./annotate/toolbar";
import { useActions, useKeyText } from "./annotate/useKeys";

const NOTICES = { error: toastError, info: (text: string, title?: string) => toast("info", text, title) };

/** The controller lives as long as the canvas; what it knows of the project is kept fresh. */
function useController(project: Project, user: User) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [page, setPage] = useState<AnnotateController | null>(null);
  const latest = useRef(project);
  useEffect(() => {
    if (!canvas.current) return;
    const controller = new AnnotateController(canvas.current, latest.current, user.id, NOTICES);
    setPage(controller);
    controller.start().catch(toastError);
    return () => controller.dispose();
  }, [user.id]);
  useEffect(() => {
    latest.current = project;
    page?.setProject(project);
  }, [project, page]);
  useEffect(() => {
    const queueKey = JSON.stringify(keys.part(project.id, "queue"));
    return queryClient.getQueryCache().subscribe((event) => {
      if (event.type === "updated" && JSON.stringify(event.query.queryKey) === queueKey) page?.wake();
    });
  }, [project.id, page]);
  return { canvas, page };
}

function Workplace({ project, user }: { project: Project; user: User }) {
  const { canvas, page } = useController(project, user);
  const { actions, action } = useActions(page, annotateActions);
  const key = useKeyText();
  useFirstVisit(project);
  const panel = useAnnotate((state) => state.panel);
  return (
    <main className="annotate" id="content">
      <h1 className="sr-only">{texts.common.nav.annotate}</h1>
      {page && <Toolbar action={action} />}
      <div className="canvas-area">
        {/* biome-ignore lint/a11y/noInteractiveElementToNoninteractiveRole: arrow keys and Space are its own */}
        <canvas
          ref={canvas}
          data-testid="annotate-canvas"
          tabIndex={0}
          role="application"
          aria-label={texts.annotate.canvas(key)}
        />
        {page && (
          <>
            <CanvasParts desk={page.desk} action={action} />
            <Banners page={page} classes={project.label_classes} />
            <SafetyNotices>
              <SignIn page={page} user={user} />
            </SafetyNotices>
          </>
        )}
        <WaitingOverlay projectId={project.id} />
        <LiveNews project={project} />
      </div>
      {page && (
        <>
          <Panel desk={page.desk} project={project} />
          <ActionBar projectId={project.id} action={action} onSkip={(reason) => page.skip(reason)} />
        </>
      )}
      {page && panel === "kept" && <KeptWorkDialog page={page} />}
      {panel === "help" && <HelpDialog actions={actions} />}
      {panel === "guide" && <GuideDialog project={project} />}
    </main>
  );
}

export default function AnnotatePage({ id }: { id: string }) {
  const { data: user } = useMe();
  return (
    <ProjectFrame id={id} title={texts.common.nav.annotate} aside={<SaveState />}>
      {(project) => user && <Workplace key={project.id} project={project} user={user} />}
    </ProjectFrame>
  );
}
