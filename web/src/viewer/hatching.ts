import type { Rect } from "@/editing/labelMap";
import { makeCanvas } from "./canvases";
import { makePattern, NUM_PATTERNS, patternOf } from "./patterns";
import { TiledPixels } from "./tiledPixels";
import type { Viewport } from "./viewport";

const OPAQUE = 0xff000000;

/**
 * Hatchings over the classes of one map, drawn in screen pixels so that they are legible at every zoom.
 *
 * Where each hatching goes is kept in tiles of its own, in image pixels; a frame fills the visible part of each
 * with its lines. It costs up to seven fills a frame, which only those pay who switched it on.
 */
export class Hatching {
  private readonly places = new Map<number, TiledPixels>();
  private patterns: (CanvasPattern | null)[] = [];
  private patternsRatio = 0;
  private scratch: OffscreenCanvas | HTMLCanvasElement | null = null;

  /** `valueAt(index)` gives a pixel's class; anything that has no hatching is left out. */
  constructor(
    private readonly box: Rect,
    private readonly valueAt: (index: number) => number,
  ) {
    this.update({ ...box, x: 0, y: 0 });
  }

  /** A part of the map changed; `patch` is within the box. */
  update(patch: Rect): void {
    for (let y = patch.y; y < patch.y + patch.height; y++) {
      for (let x = patch.x; x < patch.x + patch.width; x++) {
        const pattern = patternOf(this.valueAt(y * this.box.width + x));
        if (pattern > 0 && !this.places.has(pattern)) this.places.set(pattern, this.placesOf(pattern));
      }
    }
    for (const places of this.places.values()) places.update(patch);
  }

  draw(context: CanvasRenderingContext2D, view: Viewport, visible: Rect): void {
    const ratio = devicePixelRatio;
    const width = Math.ceil(visible.width * ratio);
    const height = Math.ceil(visible.height * ratio);
    if (width < 1 || height < 1 || this.places.size === 0) return;
    if (!this.scratch || this.scratch.width < width || this.scratch.height < height)
      this.scratch = makeCanvas({ width, height });
    const scratch = this.scratch;
    const drawn = scratch.getContext("2d") as OffscreenCanvasRenderingContext2D | null;
    if (!drawn) return;
    if (this.patternsRatio !== ratio) this.makePatterns(drawn, ratio);
    const scale = view.scale * ratio;
    const offsetX = (this.box.x * view.scale + view.offsetX - visible.x) * ratio;
    const offsetY = (this.box.y * view.scale + view.offsetY - visible.y) * ratio;
    for (const [pattern, places] of this.places) {
      const fill = this.patterns[pattern];
      if (!fill) continue;
      // The lines stay on the image while it is moved.
      fill.setTransform(new DOMMatrix([1, 0, 0, 1, Math.round(offsetX), Math.round(offsetY)]));
      drawn.globalCompositeOperation = "source-over";
      drawn.clearRect(0, 0, scratch.width, scratch.height);
      places.draw(drawn, { left: offsetX, top: offsetY, scale });
      drawn.globalCompositeOperation = "source-in";
      drawn.fillStyle = fill;
      drawn.fillRect(0, 0, width, height);
      context.drawImage(scratch, 0, 0, width, height, visible.x, visible.y, width / ratio, height / ratio);
    }
  }

  private placesOf(pattern: number): TiledPixels {
    return new TiledPixels(this.box, (words, at, x, y, step, count) => {
      for (let i = 0, index = y * this.box.width + x; i < count; i++, index += step)
        words[at + i] = patternOf(this.valueAt(index)) === pattern ? OPAQUE : 0;
    });
  }

  private makePatterns(context: OffscreenCanvasRenderingContext2D, ratio: number): void {
    this.patterns = Array.from({ length: NUM_PATTERNS }, (_, pattern) =>
      makePattern(context, pattern, ratio),
    );
    this.patternsRatio = ratio;
  }
}
