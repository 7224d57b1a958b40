import { describe, expect, it } from "vitest";
import { alikePairs, leastDistance } from "./colorVision";
import { DEFAULT_COLORS } from "./palette";

describe("leastDistance", () => {
  it("is 1 from black to white for everybody, and 0 to itself", () => {
    expect(leastDistance("#000000", "#ffffff")).toBeCloseTo(1, 2);
    expect(leastDistance("#123456", "#123456")).toBe(0);
  });

  it("is small where only red and green differ, though the colours are far apart for most", () => {
    expect(leastDistance("#00a000", "#c06000")).toBeLessThan(0.03);
    expect(leastDistance("#0000c0", "#c0c000")).toBeGreaterThan(0.3);
  });
});

describe("alikePairs", () => {
  it("names the places, the closest first", () => {
    expect(alikePairs(["#00a000", "#c06000", "#0000ff", "#00a001"])).toEqual([
      [0, 3],
      [0, 1],
      [1, 3],
    ]);
  });

  it("finds none among the first fourteen default colours", () => {
    expect(alikePairs(DEFAULT_COLORS.slice(0, 14))).toEqual([]);
  });
});
