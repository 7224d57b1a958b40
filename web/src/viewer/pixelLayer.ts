import type { Rect, Size } from "@/editing/labelMap";

/** A canvas that is never on the page, for one layer's pixels. */
export function makeCanvas({ width, height }: Size): OffscreenCanvas | HTMLCanvasElement {
  if (typeof OffscreenCanvas !== "undefined") return new OffscreenCanvas(width, height);
  return Object.assign(document.createElement("canvas"), { width, height });
}

type Context = OffscreenCanvasRenderingContext2D | CanvasRenderingContext2D;

/**
 * Colours computed per pixel, kept on a canvas of their own and redrawn only where they changed.
 *
 * `colorOf(index, x, y)` gives a pixel's little-endian RGBA word.
 */
export class PixelLayer {
  readonly canvas: OffscreenCanvas | HTMLCanvasElement;
  private readonly context: Context;

  constructor(
    readonly size: Size,
    private readonly colorOf: (index: number, x: number, y: number) => number,
  ) {
    this.canvas = makeCanvas(size);
    const context = this.canvas.getContext("2d") as Context | null;
    if (!context) throw new Error("this browser has no 2D canvas");
    this.context = context;
    this.update({ x: 0, y: 0, width: size.width, height: size.height }); // a box has a place of its own
  }

  /** Compute the colours of a box again: the dirty rectangle. */
  update(box: Rect): void {
    if (box.width === 0 || box.height === 0) return;
    const image = new ImageData(box.width, box.height);
    const words = new Uint32Array(image.data.buffer);
    let at = 0;
    for (let y = box.y; y < box.y + box.height; y++) {
      for (let x = box.x; x < box.x + box.width; x++) {
        words[at++] = this.colorOf(y * this.size.width + x, x, y);
      }
    }
    this.context.putImageData(image, box.x, box.y);
  }
}
