import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { EffortWatch } from "@/annotating/cost";
import { useKeymap, withOverrides } from "@/annotating/keymap";
import type { RegionWork } from "@/annotating/regionWork";
import type { FixBody, Project } from "@/api/types";
import { VOID } from "@/editing/labelMap";
import { texts } from "@/texts";
import { type Action, bindActions, isKeyTaken } from "@/tools/actions";
import { Editor } from "@/tools/editor";
import { TOOL_IDS } from "@/tools/tool";
import { toastError } from "@/ui/toasts";
import { makePalette } from "@/viewer/colors";
import { ToolButton } from "../annotate/toolbar";
import { type FixState, fixActions } from "./fixActions";
import { answerBody, loadFixWork } from "./fixWork";
import type { Material } from "./material";

const words = texts.review;
const names = texts.annotate;

interface FixEditorProps {
  project: Project;
  material: Material;
  /** What saving means here: "Save fix" or "Submit again". */
  saveLabel: string;
  onSave(body: FixBody): Promise<boolean>;
  onClose(): void;
}

/** The editor on its canvas, with what the toolbar shows of it. */
function useEditor({ project, material, saveLabel, onSave, onClose }: FixEditorProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [editor, setEditor] = useState<Editor | null>(null);
  const work = useRef<RegionWork | null>(null);
  const [state, setState] = useState<FixState>({
    tool: "brush",
    paintValue: project.label_classes[0]?.index ?? 0,
    brushSize: 12,
    numUnlabelled: 0,
    canUndo: false,
    canRedo: false,
  });
  const current = useRef<Editor | null>(null);
  // the editor follows at once, so that a key pressed right after another finds it as it should be
  const change = useCallback((part: Partial<FixState>) => {
    const open = current.current;
    if (open && part.paintValue !== undefined) open.settings.paintValue = part.paintValue;
    if (open && part.brushSize !== undefined) open.settings.brushSize = part.brushSize;
    if (open && part.tool !== undefined) open.setTool(part.tool);
    setState((now) => ({ ...now, ...part }));
  }, []);

  useEffect(() => {
    if (!canvas.current) return;
    const element = canvas.current;
    const created = new Editor(element, {
      onEdit: (patch) => {
        if (!work.current) return;
        if (patch && patch.origin !== "server") work.current.isDominant = false;
        const { numUnlabelled, canUndo, canRedo } = work.current.document;
        change({ numUnlabelled, canUndo, canRedo });
      },
      onView: (view) => {
        element.dataset.imageToScreen = view.matrix.join(",");
      },
      onPick: (paintValue) => change({ paintValue, tool: "brush" }),
      onRegionFilled: (value) => {
        if (work.current) work.current.isDominant = value !== VOID;
      },
      onActivity: () => work.current?.cost.timer.touch(),
    });
    const effort = new EffortWatch(window, () => work.current?.cost ?? null);
    let isWanted = true;
    loadFixWork(material)
      .then((loaded) => {
        if (!isWanted) return loaded.dispose();
        work.current = loaded;
        loaded.cost.timer.touch();
        current.current = created;
        created.open(loaded, makePalette(project.label_classes.map(({ color }) => color)));
        change({ paintValue: project.label_classes[0]?.index ?? 0, brushSize: 12 });
        setEditor(created);
        element.focus();
      })
      .catch(toastError);
    return () => {
      isWanted = false;
      current.current = null;
      effort.dispose();
      created.dispose();
      work.current?.dispose();
      work.current = null;
    };
  }, [material, project.label_classes, change]);

  const save = useCallback(async () => {
    if (!editor || !work.current || editor.finishPolygon()) return;
    if (work.current.document.numUnlabelled > 0) return editor.flash();
    try {
      if (await onSave(await answerBody(work.current, project))) onClose();
    } catch (error) {
      toastError(error);
    }
  }, [editor, project, onSave, onClose]);

  const overrides = useKeymap((keymap) => keymap.overrides);
  const actions = useMemo(() => {
    if (!editor) return [];
    return withOverrides(fixActions(editor, { state, change, save, saveLabel, onClose }), overrides);
  }, [editor, state, change, save, saveLabel, onClose, overrides]);
  return { canvas, editor, state, change, actions };
}

/** Digits take classes; Space pans while it is held and works at the keyboard's cursor when tapped. */
function useEditorKeys(
  editor: Editor | null,
  actions: readonly Action[],
  classes: Project["label_classes"],
  onClass: (value: number) => void,
): void {
  useEffect(() => {
    if (!editor) return;
    const unbind = bindActions(window, actions);
    const down = (event: KeyboardEvent) => {
      if (isKeyTaken(event) || event.altKey || event.metaKey || event.ctrlKey || event.shiftKey) return;
      if (event.key === " ") {
        event.preventDefault();
        if (!event.repeat) editor.holdSpace();
      } else if (/^[1-9]$/.test(event.key)) {
        const label = classes[Number(event.key) - 1];
        if (label) onClass(label.index);
      }
    };
    const up = (event: KeyboardEvent) => {
      if (event.key === " ") editor.releaseSpace();
    };
    window.addEventListener("keydown", down);
    window.addEventListener("keyup", up);
    return () => {
      unbind();
      window.removeEventListener("keydown", down);
      window.removeEventListener("keyup", up);
    };
  }, [editor, actions, classes, onClass]);
}

/** The annotate page's editor on one answer: its tools and keys, and saving in place of submitting. */
export function FixEditor(props: FixEditorProps) {
  const { project, saveLabel, onClose } = props;
  const { canvas, editor, state, change, actions } = useEditor(props);
  const pickClass = useCallback((paintValue: number) => change({ paintValue }), [change]);
  const classes = useMemo(
    () => project.label_classes.filter(({ merged_into }) => merged_into === null),
    [project.label_classes],
  );
  useEditorKeys(editor, actions, classes, pickClass);
  useEffect(() => {
    // tests paint by it, and know that keys are heard
    if (editor && canvas.current) canvas.current.dataset.regionBbox = props.material.detail.bbox.join(",");
  }, [editor, canvas, props.material]);
  const action = (id: string) => actions.find((each) => each.id === id);
  return (
    <div className="annotate fix-editor">
      <div className="toolbar" role="toolbar" aria-label={names.tools} aria-orientation="vertical">
        {TOOL_IDS.map((id) => {
          const found = action(id);
          return (
            found && (
              <ToolButton
                key={id}
                action={found}
                icon={id}
                testId={`tool-${id}`}
                label={names.toolNames[id]}
                isPressed={state.tool === id}
              />
            )
          );
        })}
        <hr />
        {(["fill", "undo", "redo"] as const).map((id) => {
          const found = action(id);
          return (
            found && (
              <ToolButton key={id} action={found} icon={id} testId={id === "fill" ? "tool-fill" : id} />
            )
          );
        })}
      </div>
      <div className="canvas-area">
        {/* biome-ignore lint/a11y/noInteractiveElementToNoninteractiveRole: arrow keys and Space are its own */}
        <canvas
          ref={canvas}
          data-testid="fix-canvas"
          tabIndex={0}
          role="application"
          aria-label={names.canvas}
        />
      </div>
      <aside className="panel">
        <section className="palette" aria-label={names.classes}>
          <h2>{names.classes}</h2>
          <ul>
            {classes.map((label, place) => (
              <li key={label.index}>
                <button
                  type="button"
                  className="class-item"
                  data-testid={`class-${label.index}`}
                  aria-pressed={state.paintValue === label.index}
                  onClick={() => pickClass(label.index)}
                >
                  <span className="swatch" style={{ background: label.color }} />
                  <span className="truncate">{label.name}</span>
                  <span className="share" />
                  {place < 9 && <kbd>{place + 1}</kbd>}
                </button>
              </li>
            ))}
            <li>
              <button
                type="button"
                className="class-item"
                data-testid={`class-${VOID}`}
                aria-pressed={state.paintValue === VOID}
                onClick={() => pickClass(VOID)}
              >
                <span className="swatch void" />
                <span className="truncate">{names.voidClass}</span>
                <span className="share" />
                <kbd>V</kbd>
              </button>
            </li>
          </ul>
        </section>
      </aside>
      <div className="actionbar">
        <span className="small muted grow">{state.numUnlabelled > 0 ? names.fixBody : words.fixHint}</span>
        <button type="button" className="button ghost" data-testid="fix-cancel" onClick={onClose}>
          {texts.common.cancel}
        </button>
        <button
          type="button"
          className="button primary"
          data-testid="fix-save"
          disabled={!editor}
          onClick={() => action("submit")?.perform()}
        >
          {saveLabel}
          <kbd>↵</kbd>
        </button>
      </div>
    </div>
  );
}
