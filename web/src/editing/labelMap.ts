/** A label map is a `Uint8Array` of class indices, row by row. Three values are no class. */

/** A person looked and could not tell: never asked again, never trained on. */
export const VOID = 254;
/** Nobody has said anything about this pixel. */
export const UNLABELLED = 255;
/** Class indices are 0..253. */
export const MAX_CLASSES = 254;

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** A box in pixels; `x` and `y` are its first column and row. */
export interface Rect extends Size {
  readonly x: number;
  readonly y: number;
}

export const EMPTY_RECT: Rect = { x: 0, y: 0, width: 0, height: 0 };

/** The smallest box that holds both; an empty one adds nothing. */
export function unionRect(a: Rect, b: Rect): Rect {
  if (a.width === 0 || a.height === 0) return b;
  if (b.width === 0 || b.height === 0) return a;
  const x = Math.min(a.x, b.x);
  const y = Math.min(a.y, b.y);
  const right = Math.max(a.x + a.width, b.x + b.width);
  const bottom = Math.max(a.y + a.height, b.y + b.height);
  return { x, y, width: right - x, height: bottom - y };
}

/** The pixels of `box` cut out of a larger row-by-row array of the given width. */
export function cutOut<T extends Uint8Array | Uint16Array>(pixels: T, width: number, box: Rect): T {
  const Pixels = pixels.constructor as new (length: number) => T;
  const cut = new Pixels(box.width * box.height);
  for (let row = 0; row < box.height; row++) {
    const start = (box.y + row) * width + box.x;
    cut.set(pixels.subarray(start, start + box.width), row * box.width);
  }
  return cut;
}
