import { PixelRuns } from "./runs";

/** The pixels whose centres lie inside a closed polygon (even-odd rule). */
export function polygonRuns(
  points: readonly { readonly x: number; readonly y: number }[],
  width: number,
  height: number,
): PixelRuns {
  const runs = new PixelRuns(width, height);
  if (points.length < 3) return runs;
  const top = Math.max(0, Math.floor(Math.min(...points.map((p) => p.y))));
  const bottom = Math.min(height, Math.ceil(Math.max(...points.map((p) => p.y))));
  for (let y = top; y < bottom; y++) {
    const crossings = crossingsAt(points, y + 0.5);
    for (let i = 0; i + 1 < crossings.length; i += 2) {
      runs.add(y, Math.ceil(crossings[i] - 0.5), Math.ceil(crossings[i + 1] - 0.5));
    }
  }
  return runs;
}

function crossingsAt(points: readonly { readonly x: number; readonly y: number }[], y: number): number[] {
  const crossings: number[] = [];
  points.forEach((a, i) => {
    const b = points[(i + 1) % points.length];
    if (a.y <= y === b.y <= y) return;
    crossings.push(a.x + ((y - a.y) / (b.y - a.y)) * (b.x - a.x));
  });
  return crossings.sort((p, q) => p - q);
}
