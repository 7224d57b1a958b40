import type { Rect } from "@/editing/labelMap";
import { type ScreenPoint, screenPoint } from "./geometry";
import { type Layer, Stage } from "./stage";
import { Viewport } from "./viewport";

const MARGIN = 0.04;
const ZOOM_STEP = 1.4;

/**
 * Several canvases of one size that look at the same place: zooming or panning one moves them all.
 *
 * Wheel zooms at the pointer, dragging pans, a double click shows the whole box again.
 */
export class LinkedViews {
  private readonly stages = new Set<Stage>();
  private view: Viewport | null = null;
  private isMoving = false;

  constructor(private readonly box: Rect) {}

  /** Take a canvas in; what is returned lets it go again. */
  attach(canvas: HTMLCanvasElement, layers: readonly Layer[]): () => void {
    let isIn = false;
    const stage = new Stage(
      canvas,
      (view) => this.follow(view),
      (size, before) => {
        // a canvas that only came in anew looks where the others look
        if (isIn && (size.width !== before.width || size.height !== before.height)) this.fit();
      },
    );
    stage.layers = layers;
    this.stages.add(stage);
    isIn = true;
    const listeners = new AbortController();
    const options = { signal: listeners.signal };
    canvas.addEventListener("wheel", (event) => this.wheel(stage, event), { ...options, passive: false });
    canvas.addEventListener("pointerdown", (event) => canvas.setPointerCapture(event.pointerId), options);
    canvas.addEventListener("pointermove", (event) => this.drag(stage, event), options);
    canvas.addEventListener("dblclick", () => this.fit(), options);
    if (this.view) stage.view = this.view;
    else this.fit();
    return () => {
      listeners.abort();
      stage.dispose();
      this.stages.delete(stage);
    };
  }

  /** Nearer for 1, farther for -1, at the middle. */
  zoom(direction: 1 | -1): void {
    const [stage] = this.stages;
    if (!stage) return;
    stage.zoomAt(screenPoint(stage.size.width / 2, stage.size.height / 2), ZOOM_STEP ** direction);
  }

  pan(dx: number, dy: number): void {
    const [stage] = this.stages;
    if (stage) stage.view = stage.view.pannedBy(dx, dy);
  }

  fit(): void {
    const [stage] = this.stages;
    if (stage) stage.view = Viewport.fitting(this.box, stage.size, MARGIN);
  }

  redraw(): void {
    for (const stage of this.stages) stage.invalidate();
  }

  private follow(view: Viewport): void {
    if (this.isMoving) return;
    this.view = view;
    this.isMoving = true;
    for (const stage of this.stages) if (stage.view !== view) stage.view = view;
    this.isMoving = false;
  }

  private wheel(stage: Stage, event: WheelEvent): void {
    event.preventDefault();
    stage.zoomAt(placeOn(stage, event), Math.exp(-event.deltaY * 0.0016));
  }

  private drag(stage: Stage, event: PointerEvent): void {
    if (event.buttons !== 0) stage.view = stage.view.pannedBy(event.movementX, event.movementY);
  }
}

function placeOn(stage: Stage, event: MouseEvent): ScreenPoint {
  const box = stage.canvas.getBoundingClientRect();
  return screenPoint(event.clientX - box.left, event.clientY - box.top);
}
