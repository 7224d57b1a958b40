import { describe, expect, it } from "vitest";
import { UNLABELLED } from "./labelMap";
import type { PixelRuns } from "./runs";
import { holeRuns, type RegionPixels, smoothed } from "./tidy";

/** A label map as text: digits are classes, "?" unlabelled, " " outside the region. */
function region(rows: readonly string[]): RegionPixels {
  const text = rows.join("");
  const value = (letter: string) => (letter === "?" || letter === " " ? UNLABELLED : Number(letter));
  return {
    width: rows[0].length,
    height: rows.length,
    labelMap: Uint8Array.from(text, value),
    mask: Uint8Array.from(text, (letter) => (letter === " " ? 0 : 1)),
  };
}

function painted(runs: PixelRuns): string[] {
  const rows = Array.from({ length: runs.height }, () => Array(runs.width).fill("."));
  runs.forEach((y, x0, x1) => {
    rows[y].fill("#", x0, x1);
  });
  return rows.map((row) => row.join(""));
}

function randomRegion(seed: number, width: number, height: number): RegionPixels {
  let state = seed;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const size = width * height;
  const labels = [0, 0, 0, 1, 1, 2, UNLABELLED];
  return {
    width,
    height,
    labelMap: Uint8Array.from({ length: size }, () => labels[Math.floor(random() * labels.length)]),
    mask: Uint8Array.from({ length: size }, () => (random() < 0.9 ? 1 : 0)),
  };
}

describe("holeRuns", () => {
  it("is what the value encloses within the region", () => {
    const around = region(["00000", "01110", "01?10", "01110", "00000"]);
    expect(painted(holeRuns(around, 1))).toEqual([".....", ".....", "..#..", ".....", "....."]);
    const open = region(["00000", "01110", "01010", "01010", "00000"]);
    expect(holeRuns(open, 1).isEmpty).toBe(true);
  });

  it("is no hole where it touches the region's border, and walls hold at corners", () => {
    const cut = region(["1111 ", "100  ", "1111 "]);
    expect(holeRuns(cut, 1).isEmpty).toBe(true);
    const diagonal = region(["00100", "01210", "00100"]);
    expect(painted(holeRuns(diagonal, 1))).toEqual([".....", "..#..", "....."]);
  });

  it("agrees with asking every pixel for a way out", () => {
    for (let seed = 1; seed < 8; seed++) {
      const noise = randomRegion(seed, 13, 9);
      expect(painted(holeRuns(noise, 0)).join("")).toBe(slowHoles(noise, 0));
    }
  });
});

/** Spread "has a way out" until nothing changes. */
function slowHoles({ width, height, labelMap, mask }: RegionPixels, value: number): string {
  const at = (x: number, y: number) =>
    x >= 0 && y >= 0 && x < width && y < height && mask[y * width + x] === 1 ? y * width + x : -1;
  const isOther = (i: number) => mask[i] === 1 && labelMap[i] !== value;
  const isFree = Array(width * height).fill(false);
  for (let hasChanged = true; hasChanged; ) {
    hasChanged = false;
    for (let i = 0; i < isFree.length; i++) {
      if (isFree[i] || !isOther(i)) continue;
      const [x, y] = [i % width, Math.floor(i / width)];
      const around = [at(x - 1, y), at(x + 1, y), at(x, y - 1), at(x, y + 1)];
      if (around.some((n) => n < 0 || isFree[n])) {
        isFree[i] = true;
        hasChanged = true;
      }
    }
  }
  return isFree.map((free, i) => (isOther(i) && !free ? "#" : ".")).join("");
}

describe("smoothed", () => {
  it("takes a tooth off a straight edge", () => {
    const before = region(["000000", "000100", "111111", "111111"]);
    const after = smoothed(before, 1);
    expect([...after.slice(6, 12)]).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it("asks neither unlabelled pixels nor those outside, and leaves both as they are", () => {
    const before = region(["1??", "?2?", "  2"]);
    expect([...smoothed(before, 1)]).toEqual([...before.labelMap]);
  });

  it("agrees with counting every window", () => {
    for (const reach of [1, 2, 3]) {
      for (let seed = 1; seed < 8; seed++) {
        const noise = randomRegion(seed, 13, 9);
        expect([...smoothed(noise, reach)]).toEqual(slowSmoothed(noise, reach));
      }
    }
  });
});

function slowSmoothed({ width, height, labelMap, mask }: RegionPixels, reach: number): number[] {
  return [...labelMap].map((own, i) => {
    if (mask[i] === 0 || own === UNLABELLED) return own;
    const votes = new Map<number, number>();
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const n = y * width + x;
        const isNear =
          Math.abs(x - (i % width)) <= reach && Math.abs(y - Math.floor(i / width)) <= reach && mask[n] === 1;
        if (isNear && labelMap[n] !== UNLABELLED) votes.set(labelMap[n], (votes.get(labelMap[n]) ?? 0) + 1);
      }
    }
    const best = Math.max(...votes.values());
    if (votes.get(own) === best) return own;
    return Math.min(...[...votes].filter(([, count]) => count === best).map(([value]) => value));
  });
}
