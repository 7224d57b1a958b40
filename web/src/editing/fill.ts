import type { RegionColors } from "./regionColors";
import { PixelRuns } from "./runs";

/**
 * The connected pixels (4-neighbourhood) around a seed for which `matches(index)` holds.
 *
 * `matches` is asked about a pixel at most a few times and must not change its mind while this runs.
 */
export function floodRuns(
  width: number,
  height: number,
  seedX: number,
  seedY: number,
  matches: (index: number) => boolean,
): PixelRuns {
  const runs = new PixelRuns(width, height);
  if (seedX < 0 || seedY < 0 || seedX >= width || seedY >= height) return runs;
  flood(width, height, [seedX, seedY], matches, (y, left, right) => runs.add(y, left, right));
  return runs;
}

/**
 * Flood from any number of seeds (x, y, x, y, ...), telling each run once; returns 1 where it came.
 *
 * `seeds` is used up.
 */
export function flood(
  width: number,
  height: number,
  seeds: number[],
  matches: (index: number) => boolean,
  visit: (y: number, left: number, right: number) => void,
): Uint8Array {
  const seen = new Uint8Array(width * height);
  const isOpen = (index: number) => seen[index] === 0 && matches(index);
  while (seeds.length > 0) {
    const y = seeds.pop() as number;
    const x = seeds.pop() as number;
    if (!isOpen(y * width + x)) continue;
    const [left, right] = spanAround(x, y * width, width, isOpen);
    seen.fill(1, y * width + left, y * width + right);
    visit(y, left, right);
    if (y > 0) pushOpen(seeds, left, right, y - 1, width, isOpen);
    if (y + 1 < height) pushOpen(seeds, left, right, y + 1, width, isOpen);
  }
  return seen;
}

function spanAround(
  x: number,
  row: number,
  width: number,
  isOpen: (index: number) => boolean,
): [number, number] {
  let left = x;
  let right = x + 1;
  while (left > 0 && isOpen(row + left - 1)) left--;
  while (right < width && isOpen(row + right)) right++;
  return [left, right];
}

/** One seed for each stretch of open pixels in a neighbouring row. */
function pushOpen(
  stack: number[],
  left: number,
  right: number,
  y: number,
  width: number,
  isOpen: (index: number) => boolean,
): void {
  for (let x = left; x < right; x++) {
    if (!isOpen(y * width + x)) continue;
    stack.push(x, y);
    while (x < right && isOpen(y * width + x)) x++;
  }
}

/**
 * The magic wand: connected pixels whose colour differs from the seed's by at most `tolerance` in each channel.
 *
 * `isInside` keeps the flood within the region.
 */
export function wandRuns(
  colors: RegionColors,
  width: number,
  height: number,
  seed: { readonly x: number; readonly y: number },
  tolerance: number,
  isInside: (index: number) => boolean,
): PixelRuns {
  const at = seed.y * width + seed.x;
  const isOpen = (index: number) => isInside(index) && colors.isNear(index, at, tolerance);
  return floodRuns(width, height, seed.x, seed.y, isOpen);
}

/**
 * The magic wand on what the model thinks: connected pixels of the class it sees at the seed, about as sure as there.
 *
 * @param classes - the model's class of each pixel.
 * @param maxProbs - its probability of that class, 0..255.
 * @param tolerance - largest difference from the seed's probability, in the same steps.
 */
export function likelyRuns(
  classes: Readonly<Uint8Array>,
  maxProbs: Readonly<Uint8Array>,
  width: number,
  height: number,
  seed: { readonly x: number; readonly y: number },
  tolerance: number,
  isInside: (index: number) => boolean,
): PixelRuns {
  const at = seed.y * width + seed.x;
  return floodRuns(
    width,
    height,
    seed.x,
    seed.y,
    (index) =>
      isInside(index) &&
      classes[index] === classes[at] &&
      Math.abs(maxProbs[index] - maxProbs[at]) <= tolerance,
  );
}
