import { brushRuns } from "@/editing/brush";
import { UNLABELLED } from "@/editing/labelMap";
import type { Paint } from "@/editing/regionDocument";
import type { PixelRuns } from "@/editing/runs";
import { softened } from "@/editing/softBrush";
import { squareBrushRuns } from "@/editing/squareBrush";
import type { ImagePoint } from "@/viewer/geometry";
import type { Viewport } from "@/viewer/viewport";
import { type Bench, inBox, type Tool, type ToolHost, type ToolPointer } from "./tool";

/** A pen at rest still paints this share of the brush's diameter. */
const LIGHTEST_PRESSURE = 0.25;

/** Brush and eraser: the same gesture, another paint. */
export class StrokeTool implements Tool {
  readonly cursor = "none";
  private last: ImagePoint | null = null;

  constructor(
    readonly id: "brush" | "eraser",
    private readonly host: ToolHost,
  ) {}

  down(pointer: ToolPointer): void {
    const { bench } = this.host;
    if (!bench) return;
    bench.document.beginStroke();
    this.last = pointer.at;
    this.paint(bench, pointer.at, pointer);
  }

  move(pointer: ToolPointer): void {
    const { bench } = this.host;
    if (bench && this.last) this.paint(bench, this.last, pointer);
    else this.host.invalidate();
  }

  up(): void {
    this.host.bench?.document.commitStroke();
    this.last = null;
  }

  cancel(): void {
    if (this.last) this.host.bench?.document.abortStroke();
    this.last = null;
  }

  draw(context: CanvasRenderingContext2D, view: Viewport, hover: ImagePoint | null): void {
    if (!hover) return;
    const { brushSize, brushShape } = this.host.settings;
    const { x, y } = view.toScreen(hover);
    const radius = Math.max(2, (brushSize * view.scale) / 2);
    for (const [width, color] of [
      [3, "rgb(0 0 0 / 0.6)"],
      [1.25, "#fff"],
    ] as const) {
      context.beginPath();
      context.lineWidth = width;
      context.strokeStyle = color;
      context.setLineDash(this.id === "eraser" ? [4, 3] : []);
      if (brushShape === "square") context.rect(x - radius, y - radius, 2 * radius, 2 * radius);
      else context.arc(x, y, radius, 0, 2 * Math.PI);
      context.stroke();
    }
    context.setLineDash([]);
  }

  private paint(bench: Bench, from: ImagePoint, pointer: ToolPointer): void {
    bench.document.edit(this.runsFor(bench, from, pointer), this.paintFor(bench));
    this.last = pointer.at;
  }

  private runsFor(bench: Bench, from: ImagePoint, { at, pressure }: ToolPointer): PixelRuns {
    const { brushSize, brushShape, penPressure } = this.host.settings;
    const share = penPressure === "size" ? LIGHTEST_PRESSURE + (1 - LIGHTEST_PRESSURE) * pressure : 1;
    const { width, height } = bench.box;
    const [start, end] = [inBox(bench, from), inBox(bench, at)];
    const cover = brushShape === "square" ? squareBrushRuns : brushRuns;
    const runs = cover(start, end, Math.max(1, brushSize * share), width, height);
    if (penPressure !== "hardness" || pressure >= 1 || !bench.colors) return runs;
    return softened(runs, bench.colors, end, 255 * pressure);
  }

  /** Before there is a model, nothing is all there is to go back to. */
  private paintFor(bench: Bench): Paint {
    const { paintValue, eraseTo } = this.host.settings;
    if (this.id === "brush") return paintValue;
    return (eraseTo === "prediction" && bench.document.prediction) || UNLABELLED;
  }
}
