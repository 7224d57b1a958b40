import { useEffect, useRef, useState } from "react";
import { fixActions } from "@/annotating/fixActions";
import { FixController } from "@/annotating/fixController";
import { useAnnotate } from "@/annotating/state";
import type { FixBody, Project } from "@/api/types";
import { texts } from "@/texts";
import { toast, toastError } from "@/ui/toasts";
import { BarButton, ToolHint } from "../annotate/actionBar";
import { CanvasParts } from "../annotate/canvasParts";
import { GuideDialog } from "../annotate/guideDialog";
import { HelpDialog } from "../annotate/helpDialogs";
import { FixBanner } from "../annotate/overlays";
import { PaintPanel } from "../annotate/panel";
import { Toolbar } from "../annotate/toolbar";
import { useActions, useKeyText } from "../annotate/useKeys";
import { answerBody, loadFixWork } from "./fixWork";
import type { Material } from "./material";

const NOTICES = { error: toastError, info: (text: string, title?: string) => toast("info", text, title) };

interface FixEditorProps {
  project: Project;
  material: Material;
  /** What saving means here: "Save fix" or "Submit again". */
  saveLabel: string;
  onSave(body: FixBody): Promise<boolean>;
  onClose(): void;
}

/** The controller lives as long as the canvas shows this answer; what saving does may change meanwhile. */
function useFix(props: FixEditorProps) {
  const { project, material } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  const [page, setPage] = useState<FixController | null>(null);
  const latest = useRef(props);
  latest.current = props;
  useEffect(() => {
    if (!canvas.current) return;
    const element = canvas.current;
    const target = {
      load: () => loadFixWork(material),
      bodyOf: (work: Parameters<typeof answerBody>[0]) => answerBody(work, latest.current.project),
      save: (body: FixBody) => latest.current.onSave(body),
      close: () => latest.current.onClose(),
    };
    const controller = new FixController(element, latest.current.project, target, NOTICES);
    setPage(controller);
    controller
      .start()
      .then(() => element.focus())
      .catch(toastError);
    return () => controller.dispose();
  }, [material]);
  useEffect(() => page?.desk.setProject(project), [project, page]);
  return { canvas, page };
}

/** The annotate page's desk with one answer on it: its tools and keys, and saving in place of submitting. */
export function FixEditor(props: FixEditorProps) {
  const { project, saveLabel, onClose } = props;
  const { canvas, page } = useFix(props);
  const { actions, action } = useActions(page, fixActions);
  const key = useKeyText();
  const panel = useAnnotate((state) => state.panel);
  const needsFix = useAnnotate((state) => state.needsFix);
  const isWorking = useAnnotate((state) => state.phase === "working");
  return (
    <div className="annotate fix-editor">
      {page && <Toolbar action={action} />}
      <div className="canvas-area">
        {/* biome-ignore lint/a11y/noInteractiveElementToNoninteractiveRole: arrow keys and Space are its own */}
        <canvas
          ref={canvas}
          data-testid="fix-canvas"
          tabIndex={0}
          role="application"
          aria-label={texts.annotate.canvas(key)}
        />
        {page && <CanvasParts desk={page.desk} action={action} />}
        {page && needsFix && <FixBanner desk={page.desk} classes={project.label_classes} />}
      </div>
      {page && (
        <>
          <aside className="panel">
            <PaintPanel desk={page.desk} project={project} />
          </aside>
          <div className="actionbar">
            <span className="small muted nowrap optional">{texts.review.fixHint}</span>
            <ToolHint />
            <button type="button" className="button ghost" data-testid="fix-cancel" onClick={onClose}>
              {texts.common.cancel}
            </button>
            <BarButton
              action={action("submit")}
              testId="fix-save"
              label={saveLabel}
              className="primary"
              isDisabled={!isWorking}
            />
          </div>
        </>
      )}
      {panel === "help" && <HelpDialog actions={actions} />}
      {panel === "guide" && <GuideDialog project={project} />}
    </div>
  );
}
