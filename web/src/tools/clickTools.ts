import { segmentRuns, wandRuns } from "@/editing/fill";
import { UNLABELLED } from "@/editing/labelMap";
import { maskEdges } from "@/editing/outline";
import type { ImagePoint } from "@/viewer/geometry";
import { strokeTwice } from "@/viewer/layers";
import { inImage } from "@/viewer/stage";
import type { Viewport } from "@/viewer/viewport";
import { type Bench, regionPixel, type Tool, type ToolHost, type ToolPointer } from "./tool";

/** One click, one segment takes the class; dragging takes every segment on the way; Shift takes the whole region. */
export class SuperpixelTool implements Tool {
  readonly id = "superpixel";
  readonly cursor = "crosshair";
  private lastSegment = -1;
  private isDown = false;
  private preview: { key: string; path: Path2D } | null = null;

  constructor(private readonly host: ToolHost) {}

  down(pointer: ToolPointer): void {
    if (pointer.shiftKey) this.host.fillRegion(this.host.settings.paintValue);
    if (pointer.shiftKey || !this.host.bench?.segments) return;
    this.isDown = true;
    this.lastSegment = -1;
    this.host.bench.document.beginStroke();
    this.move(pointer);
  }

  move(pointer: ToolPointer): void {
    const { bench } = this.host;
    if (this.isDown && bench?.segments) this.paint(bench, bench.segments, pointer);
    else this.host.invalidate();
  }

  up(): void {
    this.isDown = false;
    this.host.bench?.document.commitStroke();
  }

  cancel(): void {
    if (this.isDown) this.host.bench?.document.abortStroke();
    this.isDown = false;
  }

  draw(context: CanvasRenderingContext2D, view: Viewport, hover: ImagePoint | null): void {
    const { bench } = this.host;
    if (!hover || !bench?.segments) return;
    const pixel = regionPixel(bench, hover);
    if (!pixel) return;
    const path = this.previewOf(bench, bench.segments, pixel.index);
    inImage(context, view, () => strokeTwice(context, path, view.scale));
  }

  private paint(bench: Bench, segments: Uint16Array, pointer: ToolPointer): void {
    const pixel = regionPixel(bench, pointer.at);
    if (!pixel || segments[pixel.index] === this.lastSegment) return;
    this.lastSegment = segments[pixel.index];
    const runs = segmentRuns(segments, bench.box.width, bench.box.height, pixel.index);
    bench.document.edit(runs, this.host.settings.paintValue);
  }

  /** The outline of the segment under the pointer, within the region; kept while the pointer stays in it. */
  private previewOf(bench: Bench, segments: Uint16Array, index: number): Path2D {
    const { x, y, width, height } = bench.box;
    const id = segments[index];
    const key = `${x},${y},${id}`;
    if (this.preview?.key === key) return this.preview.path;
    const mask = bench.document.mask.map((inside, i) => (inside && segments[i] === id ? 1 : 0));
    const path = new Path2D();
    for (const [x0, y0, x1, y1] of maskEdges(mask, { width, height })) {
      path.moveTo(x + x0, y + y0);
      path.lineTo(x + x1, y + y1);
    }
    this.preview = { key, path };
    return path;
  }
}

/** Tools whose whole gesture is one click. */
abstract class ClickTool implements Tool {
  readonly cursor = "crosshair";
  abstract readonly id: Tool["id"];

  constructor(protected readonly host: ToolHost) {}

  protected abstract click(bench: Bench, pixel: { x: number; y: number; index: number }): void;

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

/** Connected pixels of a like colour take the class. */
export class WandTool extends ClickTool {
  readonly id = "wand";

  protected click(bench: Bench, pixel: { x: number; y: number }): void {
    if (!bench.rgba) return;
    const { width, height } = bench.box;
    const { tolerance, paintValue } = this.host.settings;
    const isInside = (index: number) => bench.document.mask[index] === 1;
    bench.document.edit(wandRuns(bench.rgba, width, height, pixel, tolerance, isInside), paintValue);
  }
}

/** Takes the class of the pixel that is clicked. */
export class PickTool extends ClickTool {
  readonly id = "pick";

  protected click(bench: Bench, pixel: { index: number }): void {
    const value = bench.document.labelMap[pixel.index];
    if (value !== UNLABELLED) this.host.pickValue(value);
  }
}
