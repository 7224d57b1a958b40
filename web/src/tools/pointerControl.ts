import { type ImagePoint, type ScreenPoint, screenPoint } from "@/viewer/geometry";
import type { Stage } from "@/viewer/stage";
import type { Tool, ToolPointer } from "./tool";

/** So long after a pen was seen, touches are the hand that holds it. */
const PEN_NEAR_MS = 1_000;
const WHEEL_ZOOM_PER_PX = 0.0016;

export interface PointerHost {
  readonly tool: Tool;
  /** False while there is nothing to work on: then only panning and zooming happen. */
  readonly isOpen: boolean;
  onHover(at: ImagePoint | null): void;
  onSecondary(at: ImagePoint): void;
}

/**
 * Pointer events of the canvas: pan, zoom, pinch, and whatever is left goes to the tool.
 *
 * One finger or the main button works with the tool; two fingers, the middle button or Space held move the view.
 */
export class PointerControl {
  private readonly pointers = new Map<number, ScreenPoint>();
  private mode: "idle" | "tool" | "pan" | "pinch" = "idle";
  private isSpaceHeld = false;
  private readonly listeners = new AbortController();
  private lastPenMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly stage: Stage,
    private readonly host: PointerHost,
  ) {
    const { canvas } = stage;
    const options = { signal: this.listeners.signal };
    canvas.addEventListener("pointerdown", (event) => this.down(event), options);
    canvas.addEventListener("pointermove", (event) => this.move(event), options);
    canvas.addEventListener("pointerup", (event) => this.up(event), options);
    canvas.addEventListener("pointercancel", (event) => this.lost(event), options);
    canvas.addEventListener("pointerleave", () => this.host.onHover(null), options);
    canvas.addEventListener("contextmenu", (event) => event.preventDefault(), options);
    canvas.addEventListener("wheel", (event) => this.wheel(event), { ...options, passive: false });
  }

  /** Space goes down: panning until `releaseSpace`. */
  holdSpace(): void {
    this.isSpaceHeld = true;
    this.showCursor();
  }

  releaseSpace(): void {
    this.isSpaceHeld = false;
    this.showCursor();
  }

  get isWorking(): boolean {
    return this.mode === "tool";
  }

  cancel(): void {
    if (this.mode === "tool") this.host.tool.cancel();
    this.mode = "idle";
  }

  /** End the gesture here, as if the pointer had been lifted: what it does until then is a hover. */
  finish(): void {
    if (this.mode !== "tool") return;
    this.host.tool.up();
    this.mode = "idle";
  }

  showCursor(): void {
    const isPanning = this.mode === "pan" || this.isSpaceHeld;
    this.stage.canvas.style.cursor = isPanning
      ? "grab"
      : this.host.isOpen
        ? this.host.tool.cursor
        : "default";
  }

  dispose(): void {
    this.listeners.abort();
  }

  private down(event: PointerEvent): void {
    if (this.isPalm(event)) return;
    const at = this.place(event);
    this.stage.canvas.focus({ preventScroll: true });
    this.stage.canvas.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, at);
    if (this.pointers.size === 2) {
      this.cancel();
      this.mode = "pinch";
    } else if (event.button === 1 || this.isSpaceHeld) {
      this.mode = "pan";
    } else if (event.button === 2) {
      this.host.onSecondary(this.stage.view.toImage(at));
    } else if (event.button === 0 && this.host.isOpen) {
      this.mode = "tool";
      this.host.tool.down(this.toolPointer(event, at));
    }
    event.preventDefault();
  }

  private move(event: PointerEvent): void {
    if (this.isPalm(event)) return;
    const at = this.place(event);
    const before = this.pointers.get(event.pointerId);
    if (before) this.pointers.set(event.pointerId, at);
    this.host.onHover(this.stage.view.toImage(at));
    if (this.mode === "pan" && before) {
      this.stage.view = this.stage.view.pannedBy(at.x - before.x, at.y - before.y);
    } else if (this.mode === "pinch" && before) {
      this.pinch(event.pointerId, before, at);
    } else if (this.mode === "tool") {
      const steps = event.getCoalescedEvents?.() ?? [];
      for (const step of steps.length > 0 ? steps : [event]) {
        this.host.tool.move(this.toolPointer(step, this.place(step)));
      }
    } else if (this.host.isOpen) {
      this.host.tool.move(this.toolPointer(event, at));
    }
  }

  private up(event: PointerEvent): void {
    if (!this.pointers.has(event.pointerId)) return;
    this.finish();
    this.forget(event);
  }

  private lost(event: PointerEvent): void {
    this.cancel();
    this.forget(event);
  }

  private forget(event: PointerEvent): void {
    this.pointers.delete(event.pointerId);
    if (this.pointers.size === 0) this.mode = "idle";
    this.showCursor();
  }

  private pinch(id: number, before: ScreenPoint, at: ScreenPoint): void {
    const other = [...this.pointers].find(([key]) => key !== id)?.[1];
    if (!other) return;
    const factor =
      Math.hypot(at.x - other.x, at.y - other.y) / Math.hypot(before.x - other.x, before.y - other.y);
    const view = this.stage.view.pannedBy((at.x - before.x) / 2, (at.y - before.y) / 2);
    const middle = screenPoint((at.x + other.x) / 2, (at.y + other.y) / 2);
    this.stage.view = Number.isFinite(factor) && factor > 0 ? view.zoomedAt(middle, factor) : view;
  }

  /** A hand rests on the glass while a pen is near. Fingers that were there before it go on. */
  private isPalm(event: PointerEvent): boolean {
    if (event.pointerType === "pen") this.lastPenMs = event.timeStamp;
    const isKnown = this.pointers.has(event.pointerId);
    return event.pointerType === "touch" && !isKnown && event.timeStamp - this.lastPenMs < PEN_NEAR_MS;
  }

  private wheel(event: WheelEvent): void {
    event.preventDefault();
    const pixels = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? event.deltaY * 16 : event.deltaY;
    // A trackpad pinch arrives as a wheel with Ctrl and small steps.
    const speed = event.ctrlKey ? 6 : 1;
    this.stage.zoomAt(this.place(event), Math.exp(-pixels * WHEEL_ZOOM_PER_PX * speed));
  }

  private place(event: MouseEvent): ScreenPoint {
    const box = this.stage.canvas.getBoundingClientRect();
    return screenPoint(event.clientX - box.left, event.clientY - box.top);
  }

  private toolPointer(event: PointerEvent, at: ScreenPoint): ToolPointer {
    return {
      at: this.stage.view.toImage(at),
      pressure: event.pointerType === "pen" ? event.pressure : 1,
      shiftKey: event.shiftKey,
      timeMs: event.timeStamp,
    };
  }
}
