import { brushRuns } from "@/editing/brush";
import { UNLABELLED } from "@/editing/labelMap";
import type { Paint } from "@/editing/regionDocument";
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
    const centre = view.toScreen(hover);
    const radius = Math.max(2, (this.host.settings.brushSize * view.scale) / 2);
    for (const [width, color] of [
      [3, "rgb(0 0 0 / 0.6)"],
      [1.25, "#fff"],
    ] as const) {
      context.beginPath();
      context.lineWidth = width;
      context.strokeStyle = color;
      context.setLineDash(this.id === "eraser" ? [4, 3] : []);
      context.arc(centre.x, centre.y, radius, 0, 2 * Math.PI);
      context.stroke();
    }
    context.setLineDash([]);
  }

  private paint(bench: Bench, from: ImagePoint, pointer: ToolPointer): void {
    const pressure = LIGHTEST_PRESSURE + (1 - LIGHTEST_PRESSURE) * pointer.pressure;
    const diameter = Math.max(1, this.host.settings.brushSize * pressure);
    const { width, height } = bench.box;
    const runs = brushRuns(inBox(bench, from), inBox(bench, pointer.at), diameter, width, height);
    bench.document.edit(runs, this.paintFor(bench));
    this.last = pointer.at;
  }

  /** The eraser goes back to what the model said, or to nothing before there is a model. */
  private paintFor(bench: Bench): Paint {
    if (this.id === "brush") return this.host.settings.paintValue;
    return bench.document.prediction ?? UNLABELLED;
  }
}
