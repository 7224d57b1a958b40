import { UNLABELLED, VOID } from "@/editing/labelMap";
import { texts } from "@/texts";
import type { Action } from "@/tools/actions";
import { type ActionId, CLASS_IDS, CURSOR_MOVES, DEFAULT_KEYS } from "@/tools/editorKeys";
import { TOOL_IDS } from "@/tools/tool";
import type { Desk } from "./desk";
import { useAnnotate } from "./state";
import { type ToolSwitch, turnSwitch } from "./toolOptions";

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

/** Makes an action of a group; its name and its keys go with its id. */
export function actionIn(group: string) {
  return (id: ActionId, perform: () => void, isAvailable: () => boolean = always): Action => ({
    id,
    label: names[id],
    shortcuts: DEFAULT_KEYS[id],
    group,
    isAvailable,
    perform,
  });
}

/** Everything a person can do with the region on the desk, wherever the desk stands. */
export function deskActions(desk: Desk): Action[] {
  return [
    ...toolActions(desk),
    ...regionActions(desk),
    ...editActions(desk),
    ...classActions(desk),
    ...viewActions(desk),
    ...cursorActions(desk),
  ];
}

function toolActions(desk: Desk): Action[] {
  const action = actionIn(groups.tools);
  const option = (id: ToolSwitch) => action(id, () => turnSwitch(id));
  const resize = (share: number) => {
    const size = get().brushSize;
    desk.setBrushSize(size + share * stepOf(size));
  };
  return [
    ...TOOL_IDS.map((id) => action(id, () => desk.setTool(id), id === "copy" ? hasPrediction : always)),
    action("smaller", () => resize(-1)),
    action("larger", () => resize(1)),
    option("brushShape"),
    option("eraseTo"),
    option("wandBasis"),
    option("penPressure"),
  ];
}

function regionActions({ editor }: Desk): Action[] {
  const action = actionIn(groups.region);
  return [
    action("accept", () => editor.acceptPrediction(), hasPrediction),
    action(
      "fill",
      () => editor.fillRest(get().paintValue),
      () => isWorking() && get().numUnlabelled > 0,
    ),
    action("fillRegion", () => editor.fillRegion(get().paintValue), isWorking),
    action("fillHoles", () => editor.fillHoles(), isWorking),
    action("smooth", () => editor.smoothEdges(), isWorking),
    action("replaceHovered", () => editor.replaceHovered(), isWorking),
  ];
}

function editActions({ editor }: Desk): Action[] {
  const action = actionIn(groups.edit);
  return [
    action("undo", () => editor.undo(), isWorking),
    action("redo", () => editor.redo(), isWorking),
    action(
      "undoCorner",
      () => editor.undoCorner(),
      () => editor.isDrawingPolygon,
    ),
  ];
}

function classActions(desk: Desk): Action[] {
  const action = actionIn(groups.classes);
  return [
    ...CLASS_IDS.map((id, place) =>
      action(
        id,
        () => desk.setClassAt(place),
        () => place < desk.classIndices.length,
      ),
    ),
    action("classNumber", () => desk.digits.start()),
    action("previousClass", () => desk.stepClass(-1)),
    action("nextClass", () => desk.stepClass(1)),
    action(
      "void",
      () => {
        if (get().needsFix) desk.editor.fillRest(VOID);
        else desk.setPaintValue(VOID);
      },
      isWorking,
    ),
    action(
      "swap",
      () => desk.setPaintValue(get().previousValue),
      () => get().previousValue !== UNLABELLED,
    ),
    action("search", () => set({ search: "" })),
  ];
}

function viewActions({ editor, looks }: Desk): Action[] {
  const action = actionIn(groups.view);
  return [
    action("labels", () => looks.toggleLabels()),
    action(
      "hideClass",
      () => looks.toggleHidden(get().paintValue),
      () => get().paintValue !== VOID,
    ),
    action("flick", () => looks.flick(), hasPrediction),
    action("swipe", () => looks.toggleSwipe(), hasPrediction),
    action("heat", () => void looks.toggleMap("heat"), isWorking),
    action("answers", () => void looks.toggleMap("answers"), isWorking),
    action("patterns", () => looks.togglePatterns()),
    action("viewPanel", () => set({ isViewOpen: !get().isViewOpen })),
    action("zoomIn", () => editor.zoomBy(ZOOM_STEP)),
    action("zoomOut", () => editor.zoomBy(1 / ZOOM_STEP)),
    action("fit", () => editor.fitRegion()),
    action("actual", () => editor.actualSize()),
    action("guide", () => set({ panel: "guide" })),
    action("help", () => set({ panel: "help" })),
  ];
}

function cursorActions(desk: Desk): Action[] {
  const { editor } = desk;
  const action = actionIn(groups.cursor);
  return [
    ...CURSOR_MOVES.map(({ id, dx, dy }) => action(id, () => editor.moveCursor(dx, dy), isWorking)),
    {
      ...action("hold", () => editor.holdSpace()),
      release: (isLost) => {
        if (isLost) editor.dropSpace();
        else editor.releaseSpace();
        desk.showCounts(); // a stroke can be undone once it has ended, which changes no pixel
      },
    },
  ];
}
