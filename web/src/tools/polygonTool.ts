import { polygonRuns } from "@/editing/polygon";
import type { ImagePoint, ScreenPoint } from "@/viewer/geometry";
import type { Viewport } from "@/viewer/viewport";
import { inBox, type Tool, type ToolHost, type ToolPointer } from "./tool";

/** A click this near to the first corner (in CSS pixels) closes the polygon. */
const CLOSING_PX = 9;
/** Two clicks at one place within this time are a double click. */
const DOUBLE_CLICK_MS = 400;

/** Click corner by corner; the first corner, a double click or Enter closes and fills, Esc drops it. */
export class PolygonTool implements Tool {
  readonly id = "polygon";
  readonly cursor = "crosshair";
  private corners: ImagePoint[] = [];
  private lastClickMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly host: ToolHost,
    private readonly view: () => Viewport,
  ) {}

  get isDrawing(): boolean {
    return this.corners.length > 0;
  }

  down(pointer: ToolPointer): void {
    if (!this.host.bench) return;
    const isSecond =
      pointer.timeMs - this.lastClickMs <= DOUBLE_CLICK_MS && this.isNear(this.corners.at(-1), pointer.at);
    this.lastClickMs = pointer.timeMs;
    if (isSecond || (this.corners.length >= 3 && this.isNear(this.corners[0], pointer.at))) this.close();
    else this.corners.push(pointer.at);
    this.host.invalidate();
  }

  move(): void {
    this.host.invalidate();
  }

  up(): void {}

  cancel(): void {
    this.corners = [];
    this.host.invalidate();
  }

  /** Take the last corner back. */
  back(): void {
    this.corners.pop();
    this.host.invalidate();
  }

  /** Fill what has been drawn; with fewer than three corners go on drawing. */
  close(): void {
    const { bench } = this.host;
    const corners = this.corners;
    if (!bench || corners.length < 3) return;
    this.corners = [];
    const { width, height } = bench.box;
    const runs = polygonRuns(
      corners.map((corner) => inBox(bench, corner)),
      width,
      height,
    );
    bench.document.edit(runs, this.host.settings.paintValue);
    this.host.invalidate();
  }

  draw(context: CanvasRenderingContext2D, view: Viewport, hover: ImagePoint | null): void {
    if (!this.isDrawing) return;
    const points = [...this.corners, ...(hover ? [hover] : [])].map((point) => view.toScreen(point));
    for (const [width, color] of [
      [3.5, "rgb(0 0 0 / 0.7)"],
      [1.5, "#fff"],
    ] as const) {
      context.lineWidth = width;
      context.strokeStyle = color;
      context.beginPath();
      for (const point of points) context.lineTo(point.x, point.y);
      context.stroke();
    }
    context.fillStyle = "#fff";
    for (const point of points.slice(0, this.corners.length)) {
      context.fillRect(point.x - 3, point.y - 3, 6, 6);
    }
  }

  private isNear(a: ImagePoint | undefined, b: ImagePoint): boolean {
    if (!a) return false;
    const [p, q] = [this.view().toScreen(a), this.view().toScreen(b)];
    return screenDistance(p, q) <= CLOSING_PX;
  }
}

function screenDistance(p: ScreenPoint, q: ScreenPoint): number {
  return Math.hypot(p.x - q.x, p.y - q.y);
}
