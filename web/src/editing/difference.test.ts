import { describe, expect, it } from "vitest";
import { differenceOf } from "./difference";

describe("differenceOf", () => {
  it("marks what differs inside the region alone", () => {
    const mask = Uint8Array.from([1, 1, 0, 1]);
    const found = differenceOf(Uint8Array.from([0, 1, 2, 254]), Uint8Array.from([0, 2, 9, 254]), mask);
    expect([...found.map]).toEqual([0, 1, 0, 0]);
    expect(found.numChanged).toBe(1);
    expect(found.fraction).toBeCloseTo(1 / 3);
  });

  it("finds nothing in an empty region", () => {
    expect(differenceOf(new Uint8Array(2), new Uint8Array(2), new Uint8Array(2)).fraction).toBe(0);
  });
});
