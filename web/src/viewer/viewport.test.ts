import { describe, expect, it } from "vitest";
import { makePalette, parseColor, stretched } from "./colors";
import { imagePoint, screenPoint } from "./geometry";
import { withContext } from "./opening";
import { MAX_SCALE, Viewport } from "./viewport";

describe("Viewport", () => {
  it("goes to the screen and back", () => {
    const view = new Viewport(2.5, 10, -4);
    const there = view.toScreen(imagePoint(3.25, 7));
    expect(view.toImage(there)).toEqual({ x: 3.25, y: 7 });
    expect(view.matrix).toEqual([2.5, 0, 0, 2.5, 10, -4]);
  });

  it("keeps what is under the pointer there while zooming", () => {
    const view = new Viewport(2, 30, 40);
    const pointer = screenPoint(123, 77);
    const before = view.toImage(pointer);
    const after = view.zoomedAt(pointer, 1.7).toImage(pointer);
    expect(after.x).toBeCloseTo(before.x, 9);
    expect(after.y).toBeCloseTo(before.y, 9);
  });

  it("puts a box in the middle with its margin", () => {
    const view = Viewport.fitting(
      { x: 100, y: 50, width: 20, height: 10 },
      { width: 400, height: 400 },
      0.25,
    );
    expect(view.scale).toBe(10);
    expect(view.toScreen(imagePoint(110, 55))).toEqual({ x: 200, y: 200 });
  });

  it("stops at the largest zoom", () => {
    expect(new Viewport(60).zoomedAt(screenPoint(0, 0), 100).scale).toBe(MAX_SCALE);
  });
});

describe("palette", () => {
  it("holds little-endian RGBA words, and unlabelled is clear", () => {
    const palette = makePalette(["#102030"]);
    expect(parseColor("#102030")).toEqual([0x10, 0x20, 0x30]);
    expect(palette[0]).toBe(0xff302010);
    expect(palette[255]).toBe(0);
  });
});

describe("stretched", () => {
  it("uses all values, and leaves a flat map as it is", () => {
    expect([...stretched(Uint8Array.from([10, 15, 20]))]).toEqual([0, 127, 255]);
    expect([...stretched(Uint8Array.from([7, 7]))]).toEqual([7, 7]);
  });
});

describe("withContext", () => {
  const image = { width: 320, height: 240 };

  it("shows a small region in the middle of three times its size", () => {
    const view = withContext({ x: 100, y: 100, width: 20, height: 10 }, image);
    expect(view).toEqual({ x: 80, y: 75, width: 60, height: 60 });
  });

  it("does not look far beyond the image's border", () => {
    const view = withContext({ x: 0, y: 230, width: 20, height: 10 }, image);
    expect(view.x).toBeCloseTo(-0.14 * 60);
    expect(view.y + view.height).toBeCloseTo(240 + 0.14 * 60);
  });
});
