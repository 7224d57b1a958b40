import { PixelRuns } from "./runs";

interface Point {
  readonly x: number;
  readonly y: number;
}

/**
 * The pixels a square brush covers on its way from one point to another.
 *
 * A pixel belongs to the brush when its centre lies in the square around some point of the way. The square holds its
 * left and upper border but not the others, so that a click paints `side` x `side` pixels wherever it falls.
 */
export function squareBrushRuns(
  from: Point,
  to: Point,
  side: number,
  width: number,
  height: number,
): PixelRuns {
  const runs = new PixelRuns(width, height);
  const half = side / 2;
  const top = firstCentreFrom(Math.min(from.y, to.y) - half);
  const bottom = firstCentreFrom(Math.max(from.y, to.y) + half);
  for (let y = Math.max(0, top); y < Math.min(height, bottom); y++) {
    const [left, right] = spanNear(from, to, y + 0.5, half);
    runs.add(y, firstCentreFrom(left - half), firstCentreFrom(right + half));
  }
  return runs;
}

/** The first pixel whose centre is not before a place. */
function firstCentreFrom(place: number): number {
  return Math.ceil(place - 0.5);
}

/** Where the way goes, from left to right, while it is within `half` of a row. */
function spanNear(from: Point, to: Point, row: number, half: number): [number, number] {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  if (dy === 0) return [Math.min(from.x, to.x), Math.max(from.x, to.x)];
  const along = (y: number) => Math.min(1, Math.max(0, (y - from.y) / dy));
  const ends = [row - half, row + half].map((y) => from.x + along(y) * dx);
  return [Math.min(...ends), Math.max(...ends)];
}
