import { describe, expect, it } from "vitest";
import { brushRuns } from "./brush";
import { floodRuns, likelyRuns, wandRuns } from "./fill";
import { cutOut, unionRect } from "./labelMap";
import { maskEdges } from "./outline";
import { polygonRuns } from "./polygon";
import { RegionColors } from "./regionColors";
import type { PixelRuns } from "./runs";
import { SegmentIndex } from "./segments";
import { squareBrushRuns } from "./squareBrush";

/** The runs as text, one line a row, so that a test shows what it means. */
function picture(runs: PixelRuns): string[] {
  const rows = Array.from({ length: runs.height }, () => Array(runs.width).fill("."));
  runs.forEach((y, x0, x1) => {
    for (let x = x0; x < x1; x++) rows[y][x] = "#";
  });
  return rows.map((row) => row.join(""));
}

describe("brushRuns", () => {
  it("paints exactly the pixel under the smallest brush, wherever in it the pointer is", () => {
    for (const offset of [0, 0.5, 0.99]) {
      const at = { x: 1 + offset, y: 2 + offset };
      expect(picture(brushRuns(at, at, 1, 3, 3))).toEqual(["...", "...", ".#."]);
    }
  });

  it("is a disc for a click", () => {
    const at = { x: 2.5, y: 2.5 };
    expect(picture(brushRuns(at, at, 5, 5, 5))).toEqual([".###.", "#####", "#####", "#####", ".###."]);
  });

  it("leaves no gap along a fast stroke", () => {
    const runs = brushRuns({ x: 0.5, y: 0.5 }, { x: 6.5, y: 3.5 }, 1, 7, 4);
    expect(picture(runs).join("").split("#").length - 1).toBe(7);
  });

  it("agrees with the distance to the way, pixel by pixel", () => {
    const [a, b, diameter, size] = [{ x: 5.2, y: 6.1 }, { x: 21.7, y: 14.9 }, 7, 28];
    const painted = picture(brushRuns(a, b, diameter, size, size));
    const expected = Array.from({ length: size }, () => "");
    for (let y = 0; y < size; y++) {
      for (let x = 0; x < size; x++) {
        const [px, py] = [x + 0.5 - a.x, y + 0.5 - a.y];
        const [dx, dy] = [b.x - a.x, b.y - a.y];
        const along = Math.min(1, Math.max(0, (px * dx + py * dy) / (dx * dx + dy * dy)));
        const distance = Math.hypot(px - along * dx, py - along * dy);
        expected[y] += distance <= diameter / 2 ? "#" : ".";
      }
    }
    expect(painted).toEqual(expected);
  });

  it("is cut at the edges", () => {
    const runs = brushRuns({ x: -3, y: -3 }, { x: 1, y: 1 }, 3, 4, 4);
    expect(runs.bounds.x).toBe(0);
    expect(runs.bounds.y).toBe(0);
  });
});

describe("squareBrushRuns", () => {
  it("is a square of its side for a click, wherever in a pixel the pointer is", () => {
    for (const offset of [0, 0.3, 0.5, 0.99]) {
      for (const side of [1, 2, 3, 4]) {
        const at = { x: 5 + offset, y: 5 + offset };
        const text = picture(squareBrushRuns(at, at, side, 12, 12));
        expect(text.filter((row) => row.includes("#".repeat(side))).length).toBe(side);
        expect(text.join("").split("#").length - 1).toBe(side * side);
      }
    }
  });

  it("holds what some square on the way holds, pixel by pixel", () => {
    const size = 30;
    for (const [a, b, side] of [
      [{ x: 5.2, y: 6.1 }, { x: 21.7, y: 14.9 }, 7],
      [{ x: 24.3, y: 3.3 }, { x: 9.1, y: 25.2 }, 4],
      [{ x: 3.1, y: 9.7 }, { x: 26.4, y: 9.7 }, 5],
    ] as const) {
      const expected = Array.from({ length: size }, () => Array(size).fill("."));
      for (let step = 0; step <= 4000; step++) {
        const [x, y] = [a.x + ((b.x - a.x) * step) / 4000, a.y + ((b.y - a.y) * step) / 4000];
        for (let row = 0; row < size; row++) {
          for (let column = 0; column < size; column++) {
            const [dx, dy] = [column + 0.5 - x, row + 0.5 - y];
            const isIn = dx >= -side / 2 && dx < side / 2 && dy >= -side / 2 && dy < side / 2;
            if (isIn) expected[row][column] = "#";
          }
        }
      }
      expect(picture(squareBrushRuns(a, b, side, size, size))).toEqual(expected.map((row) => row.join("")));
    }
  });
});

describe("fills", () => {
  it("flood stays in the connected part", () => {
    const open = ["##.#", "#..#", ".###"].join("");
    const runs = floodRuns(4, 3, 0, 0, (i) => open[i] === "#");
    expect(picture(runs)).toEqual(["##..", "#...", "...."]);
  });

  it("wand follows the colour within its tolerance and inside the region", () => {
    const grey = [10, 14, 40, 12];
    const rgba = Uint8ClampedArray.from(grey.flatMap((v) => [v, v, v, 255]));
    const line = { width: 4, height: 1 };
    const colors = new RegionColors(rgba, line, line);
    const all = wandRuns(colors, 4, 1, { x: 0, y: 0 }, 5, () => true);
    expect(picture(all)).toEqual(["##.."]);
    const clipped = wandRuns(colors, 4, 1, { x: 0, y: 0 }, 5, (i) => i !== 1);
    expect(picture(clipped)).toEqual(["#..."]);
  });

  it("a segment is all pixels of one id", () => {
    const segments = Uint16Array.from([1, 1, 300, 1, 300, 300]);
    const index = new SegmentIndex(segments, { width: 3, height: 2 });
    expect(picture(index.runsOf(300))).toEqual(["..#", ".##"]);
    expect(index.boundsOf(300)).toEqual({ x: 1, y: 0, width: 2, height: 2 });
    expect(index.runsOf(7).isEmpty).toBe(true);
  });

  it("wand on probability follows the predicted class and how sure the model is", () => {
    const classes = Uint8Array.from([1, 1, 1, 2]);
    const maxProbs = Uint8Array.from([200, 180, 100, 200]);
    const seed = { x: 0, y: 0 };
    expect(picture(likelyRuns(classes, maxProbs, 4, 1, seed, 20, () => true))).toEqual(["##.."]);
    expect(picture(likelyRuns(classes, maxProbs, 4, 1, seed, 255, () => true))).toEqual(["###."]);
    expect(picture(likelyRuns(classes, maxProbs, 4, 1, seed, 255, (i) => i !== 1))).toEqual(["#..."]);
  });
});

describe("polygonRuns", () => {
  it("holds the pixels whose centres are inside", () => {
    const square = [
      { x: 1, y: 1 },
      { x: 3, y: 1 },
      { x: 3, y: 3 },
      { x: 1, y: 3 },
    ];
    expect(picture(polygonRuns(square, 4, 4))).toEqual(["....", ".##.", ".##.", "...."]);
  });

  it("is nothing with two corners", () => {
    expect(
      polygonRuns(
        [
          { x: 0, y: 0 },
          { x: 3, y: 3 },
        ],
        4,
        4,
      ).isEmpty,
    ).toBe(true);
  });
});

describe("boxes and borders", () => {
  it("joins boxes, and an empty one adds nothing", () => {
    const box = { x: 2, y: 3, width: 4, height: 1 };
    expect(unionRect({ x: 0, y: 0, width: 0, height: 0 }, box)).toEqual(box);
    expect(unionRect(box, { x: 1, y: 5, width: 1, height: 1 })).toEqual({ x: 1, y: 3, width: 5, height: 3 });
  });

  it("cuts a box out of a larger array", () => {
    const pixels = Uint16Array.from([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect([...cutOut(pixels, 3, { x: 1, y: 1, width: 2, height: 2 })]).toEqual([4, 5, 7, 8]);
  });

  it("walks around a mask with as few pieces as it has sides", () => {
    const mask = Uint8Array.from([1, 1, 0, 1, 1, 0, 0, 0, 0]);
    expect(maskEdges(mask, { width: 3, height: 3 })).toEqual([
      [0, 0, 2, 0],
      [0, 2, 2, 2],
      [0, 0, 0, 2],
      [2, 0, 2, 2],
    ]);
  });
});
