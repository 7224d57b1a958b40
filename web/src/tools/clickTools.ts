import { floodRuns, likelyRuns, wandRuns } from "@/editing/fill";
import { UNLABELLED } from "@/editing/labelMap";
import type { PixelRuns } from "@/editing/runs";
import { type Bench, regionPixel, type Tool, type ToolHost, type ToolPointer } from "./tool";

interface Pixel {
  readonly x: number;
  readonly y: number;
  readonly index: number;
}

/** Tools whose whole gesture is one click on a pixel of the region. */
abstract class ClickTool implements Tool {
  readonly cursor = "crosshair";
  abstract readonly id: Tool["id"];

  constructor(protected readonly host: ToolHost) {}

  protected abstract click(bench: Bench, pixel: Pixel): void;

  down(pointer: ToolPointer): void {
    const { bench } = this.host;
    const pixel = bench && regionPixel(bench, pointer.at);
    if (bench && pixel) this.click(bench, pixel);
  }

  move(): void {}
  up(): void {}
  cancel(): void {}
  draw(): void {}
}

/** Connected pixels of a like colour, or of which the model thinks alike, take the class. */
export class WandTool extends ClickTool {
  readonly id = "wand";

  protected click(bench: Bench, pixel: Pixel): void {
    const { wandBasis, paintValue } = this.host.settings;
    const { prediction } = bench.document;
    const runs =
      wandBasis === "probability" && prediction
        ? this.likely(bench, prediction, pixel)
        : this.alike(bench, pixel);
    if (runs) bench.document.edit(runs, paintValue);
  }

  private alike({ document, colors, box }: Bench, pixel: Pixel): PixelRuns | null {
    const { tolerance } = this.host.settings;
    const isInside = (index: number) => document.mask[index] === 1;
    return colors && wandRuns(colors, box.width, box.height, pixel, tolerance, isInside);
  }

  private likely({ document, maxProbs, box }: Bench, prediction: Uint8Array, pixel: Pixel): PixelRuns | null {
    const tolerance = (this.host.settings.certaintyTolerance / 100) * 255;
    const isInside = (index: number) => document.mask[index] === 1;
    return maxProbs && likelyRuns(prediction, maxProbs, box.width, box.height, pixel, tolerance, isInside);
  }
}

/** What the model sees under the pointer goes back to what it said: one connected piece of its answer. */
export class CopyTool extends ClickTool {
  readonly id = "copy";

  protected click({ document, box }: Bench, pixel: Pixel): void {
    const { prediction, mask } = document;
    if (!prediction) return;
    const value = prediction[pixel.index];
    const isPiece = (index: number) => mask[index] === 1 && prediction[index] === value;
    document.edit(floodRuns(box.width, box.height, pixel.x, pixel.y, isPiece), prediction);
  }
}

/** All pixels of the region that hold what is clicked take the class. */
export class ReplaceTool extends ClickTool {
  readonly id = "replace";

  protected click({ document }: Bench, pixel: Pixel): void {
    document.edit(document.runsOf(document.labelMap[pixel.index]), this.host.settings.paintValue);
  }
}

/** Takes the class of the pixel that is clicked. */
export class PickTool extends ClickTool {
  readonly id = "pick";

  protected click(bench: Bench, pixel: Pixel): void {
    const value = bench.document.labelMap[pixel.index];
    if (value !== UNLABELLED) this.host.pickValue(value);
  }
}
