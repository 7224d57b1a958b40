import type { RegionColors } from "./regionColors";
import { PixelRuns } from "./runs";

/**
 * Of a brush's pixels those whose colour is near the one under its tip: a soft touch that does not run over edges.
 *
 * @param colors - the picture's, of the box the runs are in.
 * @param tip - the middle of the brush; outside the picture its nearest pixel counts.
 * @param reach - largest difference a channel may have.
 */
export function softened(
  runs: PixelRuns,
  colors: RegionColors,
  tip: { readonly x: number; readonly y: number },
  reach: number,
): PixelRuns {
  const { width, height } = runs;
  const column = Math.min(width - 1, Math.max(0, Math.floor(tip.x)));
  const row = Math.min(height - 1, Math.max(0, Math.floor(tip.y)));
  const seed = row * width + column;
  const kept = new PixelRuns(width, height);
  runs.forEach((y, x0, x1) => {
    for (let x = x0; x < x1; x++) {
      const start = x;
      while (x < x1 && colors.isNear(y * width + x, seed, reach)) x++;
      kept.add(y, start, x);
    }
  });
  return kept;
}
