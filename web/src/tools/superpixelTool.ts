import { brushRuns } from "@/editing/brush";
import { maskEdges } from "@/editing/outline";
import { SegmentIndex } from "@/editing/segments";
import type { ImagePoint } from "@/viewer/geometry";
import { strokeTwice } from "@/viewer/layers";
import { inImage } from "@/viewer/stage";
import type { Viewport } from "@/viewer/viewport";
import { type Bench, inBox, regionPixel, type Tool, type ToolHost, type ToolPointer } from "./tool";

/** One click, one segment takes the class; dragging takes every segment on the way; Shift takes the whole region. */
export class SuperpixelTool implements Tool {
  readonly id = "superpixel";
  readonly cursor = "crosshair";
  private last: ImagePoint | null = null;
  private index: SegmentIndex | null = null;
  private preview: { key: string; path: Path2D } | null = null;

  constructor(private readonly host: ToolHost) {}

  down(pointer: ToolPointer): void {
    const { bench } = this.host;
    if (pointer.shiftKey) this.host.fillRegion(this.host.settings.paintValue);
    if (pointer.shiftKey || !bench?.segments) return;
    bench.document.beginStroke();
    this.last = pointer.at;
    this.paint(bench, bench.segments, pointer.at, pointer.at);
  }

  move(pointer: ToolPointer): void {
    const { bench } = this.host;
    if (this.last && bench?.segments) {
      this.paint(bench, bench.segments, this.last, pointer.at);
      this.last = pointer.at;
    } else this.host.invalidate();
  }

  up(): void {
    this.last = null;
    this.host.bench?.document.commitStroke();
  }

  cancel(): void {
    if (this.last) this.host.bench?.document.abortStroke();
    this.last = null;
  }

  draw(context: CanvasRenderingContext2D, view: Viewport, hover: ImagePoint | null): void {
    const { bench } = this.host;
    if (!hover || !bench?.segments) return;
    const pixel = regionPixel(bench, hover);
    if (!pixel) return;
    const path = this.previewOf(bench, bench.segments, bench.segments[pixel.index]);
    inImage(context, view, () => strokeTwice(context, path, view.scale));
  }

  /** Every segment under the way takes the class, within the region. */
  private paint(bench: Bench, segments: Uint16Array, from: ImagePoint, to: ImagePoint): void {
    const { width, height } = bench.box;
    const ids = new Set<number>();
    brushRuns(inBox(bench, from), inBox(bench, to), 1, width, height).forEach((y, x0, x1) => {
      for (let x = x0; x < x1; x++) if (bench.document.isInside(x, y)) ids.add(segments[y * width + x]);
    });
    const index = this.indexOf(bench, segments);
    for (const id of ids) bench.document.edit(index.runsOf(id), this.host.settings.paintValue);
  }

  private indexOf({ box }: Bench, segments: Uint16Array): SegmentIndex {
    if (this.index?.ids !== segments) this.index = new SegmentIndex(segments, box);
    return this.index;
  }

  /** The outline of a segment within the region; kept while the pointer stays in it. */
  private previewOf(bench: Bench, segments: Uint16Array, id: number): Path2D {
    const key = `${bench.box.x},${bench.box.y},${id}`;
    if (this.preview?.key === key) return this.preview.path;
    const path = new Path2D();
    const index = this.indexOf(bench, segments);
    const bounds = index.boundsOf(id);
    const mask = new Uint8Array(bounds.width * bounds.height);
    index.runsOf(id).forEach((y, x0, x1) => {
      for (let x = x0; x < x1; x++) {
        if (bench.document.isInside(x, y)) mask[(y - bounds.y) * bounds.width + x - bounds.x] = 1;
      }
    });
    const [left, top] = [bench.box.x + bounds.x, bench.box.y + bounds.y];
    for (const [x0, y0, x1, y1] of maskEdges(mask, bounds)) {
      path.moveTo(left + x0, top + y0);
      path.lineTo(left + x1, top + y1);
    }
    this.preview = { key, path };
    return path;
  }
}
