import type { ToolId } from "./tool";

/** The key of each tool, wherever the editor is. */
export const TOOL_KEYS: Readonly<Record<ToolId, string>> = {
  brush: "b",
  eraser: "e",
  polygon: "p",
  superpixel: "s",
  wand: "w",
  copy: "c",
  replace: "Shift+r",
  pick: "i",
};

/** How keys move the keyboard's cursor, in image pixels. */
export const CURSOR_MOVES = [
  { id: "left", shortcut: "ArrowLeft", dx: -1, dy: 0 },
  { id: "right", shortcut: "ArrowRight", dx: 1, dy: 0 },
  { id: "up", shortcut: "ArrowUp", dx: 0, dy: -1 },
  { id: "down", shortcut: "ArrowDown", dx: 0, dy: 1 },
  { id: "left10", shortcut: "Shift+ArrowLeft", dx: -10, dy: 0 },
  { id: "right10", shortcut: "Shift+ArrowRight", dx: 10, dy: 0 },
  { id: "up10", shortcut: "Shift+ArrowUp", dx: 0, dy: -10 },
  { id: "down10", shortcut: "Shift+ArrowDown", dx: 0, dy: 10 },
] as const;
