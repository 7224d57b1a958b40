import { expect, it } from "vitest";
import { RegionColors } from "./regionColors";

const grey = (...values: number[]) =>
  Uint8ClampedArray.from(values.flatMap((value) => [value, value, value, 255]));

it("reads each pixel where the picture is as large as the box", () => {
  const size = { width: 2, height: 2 };
  const colors = new RegionColors(grey(10, 20, 30, 40), size, size);
  expect([0, 1, 2, 3].map((index) => colors.rgba[colors.offset(index)])).toEqual([10, 20, 30, 40]);
  expect(colors.isNear(0, 1, 10)).toBe(true);
  expect(colors.isNear(0, 1, 9)).toBe(false);
});

it("reads the nearest pixel of a smaller picture", () => {
  const colors = new RegionColors(grey(10, 20), { width: 2, height: 1 }, { width: 5, height: 3 });
  const seen = Array.from({ length: 15 }, (_, index) => colors.rgba[colors.offset(index)]);
  expect(seen).toEqual([10, 10, 20, 20, 20, 10, 10, 20, 20, 20, 10, 10, 20, 20, 20]);
});

it("refuses bytes that are not the picture's", () => {
  const size = { width: 2, height: 2 };
  expect(() => new RegionColors(grey(1), size, size)).toThrow("2 x 2");
});

it("compares each channel", () => {
  const rgba = Uint8ClampedArray.from([9, 9, 9, 255, 9, 9, 15, 255]);
  const colors = new RegionColors(rgba, { width: 2, height: 1 }, { width: 2, height: 1 });
  expect(colors.isNear(0, 1, 5)).toBe(false);
  expect(colors.isNear(0, 1, 6)).toBe(true);
});
