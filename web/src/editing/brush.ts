import { PixelRuns } from "./runs";

interface Point {
  readonly x: number;
  readonly y: number;
}

export type BrushShape = "round" | "square";

/**
 * The pixels a round brush covers on its way from one point to another.
 *
 * A pixel belongs to the brush when its centre is within `diameter / 2` of the way; the pixels under both ends
 * belong to it always, so that a click with the smallest brush paints exactly the pixel that was hit.
 */
export function brushRuns(
  from: Point,
  to: Point,
  diameter: number,
  width: number,
  height: number,
): PixelRuns {
  const runs = new PixelRuns(width, height);
  addLine(runs, from, to);
  if (diameter <= 1) return runs;
  const radius = diameter / 2;
  const top = Math.floor(Math.min(from.y, to.y) - radius);
  const bottom = Math.ceil(Math.max(from.y, to.y) + radius);
  for (let y = Math.max(0, top); y < Math.min(height, bottom); y++) {
    const span = capsuleSpan(from, to, radius, y + 0.5);
    if (span) runs.add(y, Math.ceil(span[0] - 0.5), Math.floor(span[1] - 0.5) + 1);
  }
  return runs;
}

/** Where the row at height `y` cuts a capsule (a disc swept along a line): it is convex, so one interval. */
function capsuleSpan(a: Point, b: Point, radius: number, y: number): [number, number] | null {
  let left = Number.POSITIVE_INFINITY;
  let right = Number.NEGATIVE_INFINITY;
  const widen = (x: number) => {
    left = Math.min(left, x);
    right = Math.max(right, x);
  };
  for (const centre of [a, b]) {
    const rise = Math.abs(y - centre.y);
    if (rise > radius) continue;
    const half = Math.sqrt(radius * radius - rise * rise);
    widen(centre.x - half);
    widen(centre.x + half);
  }
  for (const corner of bandCrossings(a, b, radius, y)) widen(corner);
  return left <= right ? [left, right] : null;
}

/** Where the row crosses the edges of the straight band between the two discs. */
function bandCrossings(a: Point, b: Point, radius: number, y: number): number[] {
  const length = Math.hypot(b.x - a.x, b.y - a.y);
  if (length === 0) return [];
  const nx = (-(b.y - a.y) / length) * radius;
  const ny = ((b.x - a.x) / length) * radius;
  const corners = [
    { x: a.x + nx, y: a.y + ny },
    { x: b.x + nx, y: b.y + ny },
    { x: b.x - nx, y: b.y - ny },
    { x: a.x - nx, y: a.y - ny },
  ];
  const crossings: number[] = [];
  corners.forEach((start, i) => {
    const end = corners[(i + 1) % 4];
    if (start.y === end.y || y < Math.min(start.y, end.y) || y > Math.max(start.y, end.y)) return;
    crossings.push(start.x + ((y - start.y) / (end.y - start.y)) * (end.x - start.x));
  });
  return crossings;
}

/** The one-pixel line under the way (Bresenham). */
function addLine(runs: PixelRuns, from: Point, to: Point): void {
  let x = Math.floor(from.x);
  let y = Math.floor(from.y);
  const endX = Math.floor(to.x);
  const endY = Math.floor(to.y);
  const dx = Math.abs(endX - x);
  const dy = -Math.abs(endY - y);
  const stepX = x < endX ? 1 : -1;
  const stepY = y < endY ? 1 : -1;
  let error = dx + dy;
  for (;;) {
    runs.add(y, x, x + 1);
    if (x === endX && y === endY) return;
    const doubled = 2 * error;
    if (doubled >= dy) {
      error += dy;
      x += stepX;
    }
    if (doubled <= dx) {
      error += dx;
      y += stepY;
    }
  }
}
