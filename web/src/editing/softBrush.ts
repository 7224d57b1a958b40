import { PixelRuns } from "./runs";

/**
 * Of a brush's pixels those whose colour is near the one under its tip: a soft touch that does not run over edges.
 *
 * @param rgba - the picture, four bytes a pixel.
 * @param tip - the middle of the brush; outside the picture its nearest pixel counts.
 * @param reach - largest difference a channel may have.
 */
export function softened(
  runs: PixelRuns,
  rgba: Readonly<Uint8ClampedArray>,
  tip: { readonly x: number; readonly y: number },
  reach: number,
): PixelRuns {
  const { width, height } = runs;
  const column = Math.min(width - 1, Math.max(0, Math.floor(tip.x)));
  const row = Math.min(height - 1, Math.max(0, Math.floor(tip.y)));
  const seed = 4 * (row * width + column);
  const isNear = (pixel: number) =>
    [0, 1, 2].every((channel) => Math.abs(rgba[4 * pixel + channel] - rgba[seed + channel]) <= reach);
  const kept = new PixelRuns(width, height);
  runs.forEach((y, x0, x1) => {
    for (let x = x0; x < x1; x++) {
      const start = x;
      while (x < x1 && isNear(y * width + x)) x++;
      kept.add(y, start, x);
    }
  });
  return kept;
}
