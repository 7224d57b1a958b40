import type { Rect } from "@/editing/labelMap";
import type { ImagePoint } from "@/viewer/geometry";
import type { KeyboardCursor } from "./keyboardCursor";
import type { Tool, ToolPointer } from "./tool";

export interface KeyboardHost {
  readonly tool: Tool;
  /** The box the cursor stays in; null while there is nothing to work on. */
  readonly box: Rect | null;
  /** The cursor is at another pixel now. */
  onMove(at: ImagePoint): void;
}

/** The tool without a pointer: arrows move a cursor, Space taps with it, Space held draws while arrows move. */
export class KeyboardControl {
  private isDrawing = false;

  constructor(
    readonly cursor: KeyboardCursor,
    private readonly host: KeyboardHost,
  ) {}

  move(dx: number, dy: number): void {
    if (!this.host.box) return;
    this.cursor.move(dx, dy, this.host.box);
    if (!this.cursor.at) return;
    this.host.onMove(this.cursor.at);
    this.host.tool.move(pointerAt(this.cursor.at));
  }

  /** Space goes down. Returns false when there is no cursor to work with. */
  press(): boolean {
    const { at } = this.cursor;
    if (!at || !this.host.box) return false;
    this.isDrawing = true;
    this.host.tool.down(pointerAt(at));
    return true;
  }

  /** Space comes up. Returns false when it was not down for the cursor. */
  release(): boolean {
    if (!this.isDrawing || !this.cursor.at) return false;
    this.isDrawing = false;
    this.host.tool.up();
    return true;
  }

  /** Take a half-done gesture back. */
  abort(): void {
    if (this.isDrawing) this.host.tool.cancel();
    this.isDrawing = false;
  }

  /** Something else goes on: the cursor goes away too. */
  drop(): void {
    this.abort();
    this.cursor.hide();
  }
}

function pointerAt(at: ImagePoint): ToolPointer {
  return { at, pressure: 1, shiftKey: false, timeMs: performance.now() };
}
