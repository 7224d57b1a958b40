import { UNLABELLED, VOID } from "@/editing/labelMap";
import { texts } from "@/texts";
import type { Action } from "@/tools/actions";
import { CURSOR_MOVES, TOOL_KEYS } from "@/tools/editorKeys";
import { TOOL_IDS, type ToolId } from "@/tools/tool";
import type { AnnotateController } from "./controller";
import { useAnnotate } from "./state";
import { turnSwitch } from "./toolOptions";

const get = useAnnotate.getState;
const set = useAnnotate.setState;
const names = texts.annotate.actions;
const groups = texts.annotate.groups;

/** How much [ and ] change the brush: a share of its size, at least a pixel. */
const stepOf = (size: number) => Math.max(1, Math.round(size * 0.2));

/** How much + and - zoom: three presses double. */
const ZOOM_STEP = 2 ** (1 / 3);

const isWorking = () => get().phase === "working";
const always = () => true;
const hasPrediction = () => get().facts?.hasPrediction === true;

/** Everything a person can do on the annotate page. */
export function annotateActions(page: AnnotateController): Action[] {
  return [
    ...toolActions(page),
    ...regionActions(page),
    ...editActions(page),
    ...viewActions(page),
    ...cursorActions(page),
  ];
}

function toolActions(page: AnnotateController): Action[] {
  const tool = (id: ToolId): Action => ({
    id,
    label: names[id],
    shortcuts: [TOOL_KEYS[id]],
    group: groups.tools,
    isAvailable: id === "copy" ? hasPrediction : always,
    perform: () => page.setTool(id),
  });
  const option = (id: keyof typeof names, shortcut: string, perform: () => void): Action => ({
    id,
    label: names[id],
    shortcuts: [shortcut],
    group: groups.tools,
    isAvailable: always,
    perform,
  });
  const resize = (share: number) => {
    const size = get().brushSize;
    page.setBrushSize(size + share * stepOf(size));
  };
  return [
    ...TOOL_IDS.map(tool),
    option("smaller", "BracketLeft", () => resize(-1)),
    option("larger", "BracketRight", () => resize(1)),
    option("brushShape", "Shift+b", () => turnSwitch("brushShape")),
    option("eraseTo", "Shift+e", () => turnSwitch("eraseTo")),
    option("wandBasis", "Shift+w", () => turnSwitch("wandBasis")),
    option("penPressure", "Shift+p", () => turnSwitch("penPressure")),
  ];
}

function regionActions(page: AnnotateController): Action[] {
  const { editor } = page;
  const action = (
    id: keyof typeof names,
    shortcut: string,
    perform: () => void,
    isAvailable: () => boolean = isWorking,
  ): Action => ({ id, label: names[id], shortcuts: [shortcut], group: groups.region, isAvailable, perform });
  return [
    action("submit", "Enter", () => page.submit()),
    action("accept", "a", () => editor.acceptPrediction(), hasPrediction),
    action(
      "fill",
      "f",
      () => editor.fillRest(get().paintValue),
      () => isWorking() && get().numUnlabelled > 0,
    ),
    action("fillRegion", "d", () => editor.fillRegion(get().paintValue)),
    action("fillHoles", "o", () => editor.fillHoles()),
    action("smooth", "m", () => editor.smoothEdges()),
    action("replaceHovered", "r", () => editor.replaceHovered()),
    action("void", "v", () => {
      if (get().needsFix) editor.fillRest(VOID);
      else page.setPaintValue(VOID);
    }),
    action("skip", "Control+Space", () => page.skip("unsure")),
    action(
      "previous",
      "Alt+ArrowLeft",
      () => page.goBack(),
      () => get().canGoBack,
    ),
    action(
      "next",
      "Alt+ArrowRight",
      () => page.goForward(),
      () => page.canGoForward,
    ),
  ];
}

function editActions(page: AnnotateController): Action[] {
  const { editor } = page;
  return [
    {
      id: "undo",
      label: names.undo,
      shortcuts: ["$mod+z"],
      group: groups.edit,
      isAvailable: isWorking,
      perform: () => editor.undo(),
    },
    {
      id: "redo",
      label: names.redo,
      shortcuts: ["$mod+Shift+z", "$mod+y"],
      group: groups.edit,
      isAvailable: isWorking,
      perform: () => editor.redo(),
    },
    {
      id: "undoCorner",
      label: names.undoCorner,
      shortcuts: ["Backspace"],
      group: groups.edit,
      isAvailable: () => editor.isDrawingPolygon,
      perform: () => editor.undoCorner(),
    },
    {
      id: "cancel",
      label: names.cancel,
      shortcuts: ["Escape"],
      group: groups.edit,
      isAvailable: always,
      perform: () => page.cancel(),
    },
    {
      id: "swap",
      label: names.swap,
      shortcuts: ["x"],
      group: groups.classes,
      isAvailable: () => get().previousValue !== UNLABELLED,
      perform: () => page.setPaintValue(get().previousValue),
    },
    {
      id: "search",
      label: names.search,
      shortcuts: ["/"],
      group: groups.classes,
      isAvailable: always,
      perform: () => set({ search: "" }),
    },
  ];
}

function viewActions(page: AnnotateController): Action[] {
  const { editor, looks } = page;
  const action = (
    id: keyof typeof names,
    shortcut: string,
    perform: () => void,
    isAvailable = always,
  ): Action => ({
    id,
    label: names[id],
    shortcuts: [shortcut],
    group: groups.view,
    isAvailable,
    perform,
  });
  return [
    action("labels", "h", () => looks.toggleLabels()),
    action(
      "hideClass",
      "Shift+h",
      () => looks.toggleHidden(get().paintValue),
      () => get().paintValue !== VOID,
    ),
    action("flick", "t", () => looks.flick(), hasPrediction),
    action("swipe", "Shift+t", () => looks.toggleSwipe(), hasPrediction),
    action("heat", "u", () => void looks.toggleMap("heat"), isWorking),
    action("answers", "n", () => void looks.toggleMap("answers"), isWorking),
    action("patterns", "k", () => looks.togglePatterns()),
    action("viewPanel", "j", () => set({ isViewOpen: !get().isViewOpen })),
    { ...action("zoomIn", "Equal", () => editor.zoomBy(ZOOM_STEP)), shortcuts: ["Equal", "NumpadAdd"] },
    {
      ...action("zoomOut", "Minus", () => editor.zoomBy(1 / ZOOM_STEP)),
      shortcuts: ["Minus", "NumpadSubtract"],
    },
    action("fit", "Shift+Digit1", () => editor.fitRegion()),
    action("actual", "Shift+Digit2", () => editor.actualSize()),
    action("guide", "g", () => set({ panel: "guide" })),
    { ...action("help", "Shift+?", () => set({ panel: "help" })), shortcuts: ["Shift+?", "?"] },
  ];
}

function cursorActions(page: AnnotateController): Action[] {
  return CURSOR_MOVES.map(({ id, shortcut, dx, dy }) => ({
    id,
    label: names[id],
    shortcuts: [shortcut],
    group: groups.cursor,
    isAvailable: isWorking,
    perform: () => page.editor.moveCursor(dx, dy),
  }));
}
