declare const space: unique symbol;

/** A point in pixels of the image; its pixel is the one at the floor of both numbers. */
export interface ImagePoint {
  readonly x: number;
  readonly y: number;
  readonly [space]: "image";
}

/** A point in CSS pixels from the canvas's top left corner. */
export interface ScreenPoint {
  readonly x: number;
  readonly y: number;
  readonly [space]: "screen";
}

export const imagePoint = (x: number, y: number): ImagePoint => ({ x, y }) as ImagePoint;
export const screenPoint = (x: number, y: number): ScreenPoint => ({ x, y }) as ScreenPoint;

export function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
