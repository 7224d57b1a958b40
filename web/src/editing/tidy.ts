import { flood } from "./fill";
import type { Size } from "./labelMap";
import { UNLABELLED } from "./labelMap";
import { type PixelRuns, runsWhere } from "./runs";

/** A label map with its region: what tidying looks at. */
export interface RegionPixels extends Size {
  readonly labelMap: Readonly<Uint8Array>;
  /** 1 inside the region, 0 outside. */
  readonly mask: Readonly<Uint8Array>;
}

/**
 * The holes of a value: pixels of the region that hold another value and cannot reach the region's border
 * (4-neighbourhood) without crossing this one.
 */
export function holeRuns({ width, height, labelMap, mask }: RegionPixels, value: number): PixelRuns {
  const isOther = (index: number) => mask[index] === 1 && labelMap[index] !== value;
  const seeds: number[] = [];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const i = y * width + x;
      if (isOther(i) && isAtBorder(mask, width, height, x, y)) seeds.push(x, y);
    }
  }
  const reached = flood(width, height, seeds, isOther, () => {});
  return runsWhere(width, height, (index) => isOther(index) && reached[index] === 0);
}

function isAtBorder(
  mask: Readonly<Uint8Array>,
  width: number,
  height: number,
  x: number,
  y: number,
): boolean {
  if (x === 0 || y === 0 || x === width - 1 || y === height - 1) return true;
  const i = y * width + x;
  return mask[i - 1] === 0 || mask[i + 1] === 0 || mask[i - width] === 0 || mask[i + width] === 0;
}

/** Pixels to each side that vote: a window of 5 x 5 rounds off teeth of two pixels and keeps what is wider. */
export const SMOOTHING_REACH_PX = 2;

/**
 * The label map after every pixel of the region took the value most pixels around it have.
 *
 * Only labelled pixels of the region vote, and only they change. A tie leaves the pixel as it is, or, when its own
 * value is not among the best, gives it the smallest of them.
 */
export function smoothed(region: RegionPixels, reach = SMOOTHING_REACH_PX): Uint8Array {
  const { width, height, labelMap, mask } = region;
  const result = Uint8Array.from(labelMap);
  const votes = new Int32Array(256);
  for (let y = 0; y < height; y++) {
    votes.fill(0);
    const rows = { from: Math.max(0, y - reach), to: Math.min(height - 1, y + reach) };
    for (let x = 0; x < Math.min(reach, width); x++) countColumn(region, votes, x, rows, 1);
    for (let x = 0; x < width; x++) {
      if (x + reach < width) countColumn(region, votes, x + reach, rows, 1);
      if (x - reach > 0) countColumn(region, votes, x - reach - 1, rows, -1);
      const i = y * width + x;
      if (mask[i] === 1 && labelMap[i] !== UNLABELLED) result[i] = winner(votes, labelMap[i], reach);
    }
  }
  return result;
}

function countColumn(
  { width, labelMap, mask }: RegionPixels,
  votes: Int32Array,
  x: number,
  rows: { readonly from: number; readonly to: number },
  step: 1 | -1,
): void {
  for (let i = rows.from * width + x; i <= rows.to * width + x; i += width) {
    if (mask[i] === 1 && labelMap[i] !== UNLABELLED) votes[labelMap[i]] += step;
  }
}

function winner(votes: Int32Array, own: number, reach: number): number {
  const majority = (2 * reach + 1) ** 2 / 2;
  if (votes[own] > majority) return own;
  let best = own;
  for (let value = 0; value < UNLABELLED; value++) if (votes[value] > votes[best]) best = value;
  return best;
}
