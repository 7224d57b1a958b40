import { VOID } from "@/editing/labelMap";
import { texts } from "@/texts";
import type { Action } from "@/tools/actions";
import type { Editor } from "@/tools/editor";
import { CURSOR_MOVES, TOOL_KEYS } from "@/tools/editorKeys";
import { TOOL_IDS, type ToolId } from "@/tools/tool";

const names = texts.annotate.actions;
const groups = texts.annotate.groups;

/** What the fix editor's toolbar shows. */
export interface FixState {
  readonly tool: ToolId;
  readonly paintValue: number;
  readonly brushSize: number;
  readonly numUnlabelled: number;
  readonly canUndo: boolean;
  readonly canRedo: boolean;
}

interface Page {
  readonly state: FixState;
  readonly saveLabel: string;
  change(part: Partial<FixState>): void;
  save(): Promise<void>;
  onClose(): void;
}

/** The annotate page's keys, as far as one answer needs them. */
export function fixActions(editor: Editor, page: Page): Action[] {
  const { state } = page;
  const always = () => true;
  const action = (
    id: string,
    label: string,
    shortcuts: readonly string[],
    perform: () => void,
    isAvailable: () => boolean = always,
  ): Action => ({ id, label, shortcuts, group: groups.edit, isAvailable, perform });
  const sized = (factor: number) =>
    page.change({ brushSize: Math.min(400, Math.max(1, Math.round(state.brushSize * factor + factor - 1))) });
  return [
    ...TOOL_IDS.map((tool) => action(tool, names[tool], [TOOL_KEYS[tool]], () => page.change({ tool }))),
    action("smaller", names.smaller, ["BracketLeft"], () => sized(0.8)),
    action("larger", names.larger, ["BracketRight"], () => sized(1.25)),
    action(
      "fill",
      names.fill,
      ["f"],
      () => editor.fillRest(editor.settings.paintValue),
      () => state.numUnlabelled > 0,
    ),
    action("fillRegion", names.fillRegion, ["d"], () => editor.fillRegion(editor.settings.paintValue)),
    action("fillHoles", names.fillHoles, ["o"], () => editor.fillHoles()),
    action("smooth", names.smooth, ["m"], () => editor.smoothEdges()),
    action("replaceHovered", names.replaceHovered, ["r"], () => editor.replaceHovered()),
    action("accept", names.accept, ["a"], () => editor.acceptPrediction()),
    action("void", names.void, ["v"], () => page.change({ paintValue: VOID })),
    action(
      "undo",
      names.undo,
      ["$mod+z"],
      () => editor.undo(),
      () => state.canUndo,
    ),
    action(
      "redo",
      names.redo,
      ["$mod+Shift+z", "$mod+y"],
      () => editor.redo(),
      () => state.canRedo,
    ),
    action("fit", names.fit, ["Shift+Digit1"], () => editor.fitRegion()),
    action("actual", names.actual, ["Shift+Digit2"], () => editor.actualSize()),
    action("submit", page.saveLabel, ["Enter"], () => void page.save()),
    action("cancel", names.cancel, ["Escape"], () => {
      if (!editor.cancel()) page.onClose();
    }),
    ...CURSOR_MOVES.map(({ id, shortcut, dx, dy }) =>
      action(id, names[id], [shortcut], () => editor.moveCursor(dx, dy)),
    ),
  ];
}
