import { describe, expect, it } from "vitest";
import { AS_IT_IS, adjust_, adjustedValues, isAsItIs } from "./adjustment";

const at = (part: Partial<typeof AS_IT_IS>, value: number) => adjustedValues({ ...AS_IT_IS, ...part })[value];

describe("adjustedValues", () => {
  it("changes nothing at zero", () => {
    expect(isAsItIs(AS_IT_IS)).toBe(true);
    expect([...adjustedValues(AS_IT_IS)]).toEqual(Array.from({ length: 256 }, (_, value) => value));
  });

  it("moves, spreads and bends", () => {
    expect(at({ brightness: 100 }, 50)).toBe(177);
    expect(at({ contrast: 50 }, 130)).toBe(135);
    expect([at({ contrast: 50 }, 60), at({ contrast: 50 }, 200)]).toEqual([0, 255]);
    // Gamma 2 is the square root: dark places open up, the ends stay.
    expect([0, 64, 255].map((value) => at({ gamma: 1 }, value))).toEqual([0, 128, 255]);
  });
});

describe("adjust_", () => {
  it("leaves opacity alone", () => {
    const rgba = Uint8ClampedArray.from([10, 20, 30, 40]);
    adjust_(
      rgba,
      Uint8ClampedArray.from({ length: 256 }, (_, value) => 255 - value),
    );
    expect([...rgba]).toEqual([245, 235, 225, 40]);
  });
});
