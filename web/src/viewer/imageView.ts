import type { Size } from "@/editing/labelMap";
import { type ScreenPoint, screenPoint } from "./geometry";
import { ImageLayer, type MapLayer } from "./layers";
import { Stage } from "./stage";
import { Viewport } from "./viewport";

const MARGIN = 0.03;

/** A picture to look at: wheel zooms, dragging pans, one map may lie over it. */
export class ImageView {
  private readonly stage: Stage;
  private readonly picture = new ImageLayer();
  private overlay: MapLayer | null = null;
  private size: Size | null = null;
  private readonly listeners = new AbortController();

  constructor(canvas: HTMLCanvasElement) {
    this.stage = new Stage(
      canvas,
      () => {},
      () => this.fit(),
    );
    this.stage.layers = [this.picture];
    const options = { signal: this.listeners.signal };
    canvas.addEventListener("wheel", (event) => this.wheel(event), { ...options, passive: false });
    canvas.addEventListener("pointerdown", (event) => canvas.setPointerCapture(event.pointerId), options);
    canvas.addEventListener("pointermove", (event) => this.drag(event), options);
    canvas.addEventListener("dblclick", () => this.fit(), options);
  }

  show(bitmap: ImageBitmap): void {
    this.size = { width: bitmap.width, height: bitmap.height };
    this.picture.show([{ bitmap, box: { x: 0, y: 0, ...this.size } }]);
    this.fit();
    this.stage.invalidate();
  }

  setOverlay(overlay: MapLayer | null): void {
    this.overlay = overlay;
    this.stage.layers = overlay ? [this.picture, overlay] : [this.picture];
    this.stage.invalidate();
  }

  setOpacity(opacity: number): void {
    if (this.overlay) this.overlay.opacity = opacity;
    this.stage.invalidate();
  }

  dispose(): void {
    this.listeners.abort();
    this.stage.dispose();
  }

  private fit(): void {
    if (this.size) this.stage.view = Viewport.fitting({ x: 0, y: 0, ...this.size }, this.stage.size, MARGIN);
  }

  private wheel(event: WheelEvent): void {
    event.preventDefault();
    this.stage.zoomAt(this.place(event), Math.exp(-event.deltaY * 0.0016));
  }

  private drag(event: PointerEvent): void {
    if (event.buttons === 0) return;
    this.stage.view = this.stage.view.pannedBy(event.movementX, event.movementY);
  }

  private place(event: MouseEvent): ScreenPoint {
    const box = this.stage.canvas.getBoundingClientRect();
    return screenPoint(event.clientX - box.left, event.clientY - box.top);
  }
}
