import { PixelRuns, runsWhere } from "./runs";

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
  const seen = new Uint8Array(width * height);
  const isOpen = (index: number) => seen[index] === 0 && matches(index);
  const stack = [seedX, seedY];
  while (stack.length > 0) {
    const y = stack.pop() as number;
    const x = stack.pop() as number;
    if (!isOpen(y * width + x)) continue;
    const [left, right] = spanAround(x, y * width, width, isOpen);
    seen.fill(1, y * width + left, y * width + right);
    runs.add(y, left, right);
    if (y > 0) pushOpen(stack, left, right, y - 1, width, isOpen);
    if (y + 1 < height) pushOpen(stack, left, right, y + 1, width, isOpen);
  }
  return runs;
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
 * `rgba` holds four bytes a pixel; `isInside` keeps the flood within the region.
 */
export function wandRuns(
  rgba: Uint8ClampedArray | Uint8Array,
  width: number,
  height: number,
  seed: { readonly x: number; readonly y: number },
  tolerance: number,
  isInside: (index: number) => boolean,
): PixelRuns {
  const at = 4 * (seed.y * width + seed.x);
  const [r, g, b] = [rgba[at], rgba[at + 1], rgba[at + 2]];
  return floodRuns(width, height, seed.x, seed.y, (index) => {
    const i = 4 * index;
    return (
      isInside(index) &&
      Math.abs(rgba[i] - r) <= tolerance &&
      Math.abs(rgba[i + 1] - g) <= tolerance &&
      Math.abs(rgba[i + 2] - b) <= tolerance
    );
  });
}

/** All pixels of the segment under a pixel: one click, one segment. */
export function segmentRuns(segments: Uint16Array, width: number, height: number, index: number): PixelRuns {
  const id = segments[index];
  return runsWhere(width, height, (i) => segments[i] === id);
}
