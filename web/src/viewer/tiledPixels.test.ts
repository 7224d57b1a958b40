import { beforeEach, describe, expect, it, vi } from "vitest";
import { levelFor, type PaintRow, TILE_PX, TiledPixels } from "./tiledPixels";

/** A canvas that really holds pixels, and draws one on another by taking the nearest. */
class FakeCanvas {
  readonly words: Uint32Array;
  constructor(
    readonly width: number,
    readonly height: number,
  ) {
    this.words = new Uint32Array(width * height);
  }
  getContext() {
    return new FakeContext(this);
  }
}

class FakeContext {
  imageSmoothingEnabled = true;
  constructor(readonly canvas: FakeCanvas) {}
  save() {}
  restore() {}
  resetTransform() {}
  putImageData(image: FakeImageData, x: number, y: number) {
    const words = new Uint32Array(image.data.buffer);
    for (let row = 0; row < image.height; row++)
      for (let column = 0; column < image.width; column++)
        this.canvas.words[(y + row) * this.canvas.width + x + column] = words[row * image.width + column];
    numPut += words.length;
  }
  drawImage(source: FakeCanvas, ...[sx, sy, sw, sh, x, y, width, height]: number[]) {
    for (let row = Math.max(0, y); row < Math.min(this.canvas.height, y + height); row++)
      for (let column = Math.max(0, x); column < Math.min(this.canvas.width, x + width); column++) {
        const from = Math.floor(sx + ((column + 0.5 - x) / width) * sw);
        const fromRow = Math.floor(sy + ((row + 0.5 - y) / height) * sh);
        const at = row * this.canvas.width + column;
        numTwice += this.canvas.words[at] === 0 ? 0 : 1;
        this.canvas.words[at] = source.words[fromRow * source.width + from];
      }
  }
}

class FakeImageData {
  readonly data: Uint8ClampedArray;
  constructor(
    readonly width: number,
    readonly height: number,
  ) {
    this.data = new Uint8ClampedArray(width * height * 4);
  }
}

let numPut = 0;
let numTwice = 0;

beforeEach(() => {
  numTwice = 0;
  vi.stubGlobal("OffscreenCanvas", FakeCanvas);
  vi.stubGlobal("ImageData", FakeImageData);
});

const SIZE = { width: 1000, height: 600 };

/** A map whose every pixel is another word, never 0. */
function makeMap(): { map: Uint32Array; paintRow: PaintRow } {
  const map = Uint32Array.from({ length: SIZE.width * SIZE.height }, (_, index) => index + 1);
  const paintRow: PaintRow = (words, at, x, y, step, count) => {
    for (let i = 0; i < count; i++) words[at + i] = map[y * SIZE.width + x + i * step];
  };
  return { map, paintRow };
}

function drawn(pixels: TiledPixels, placement: { left: number; top: number; scale: number }): FakeCanvas {
  const screen = new FakeCanvas(320, 200);
  pixels.draw(screen.getContext() as unknown as OffscreenCanvasRenderingContext2D, placement);
  return screen;
}

/** How far, in pixels of the map, what a screen pixel shows lies from what lies under its middle. */
function worstOffset(screen: FakeCanvas, placement: { left: number; top: number; scale: number }): number {
  let worst = 0;
  for (let row = 0; row < screen.height; row++)
    for (let column = 0; column < screen.width; column++) {
      const x = (column + 0.5 - placement.left) / placement.scale;
      const y = (row + 0.5 - placement.top) / placement.scale;
      const word = screen.words[row * screen.width + column];
      const isInside = x >= 0 && y >= 0 && x < SIZE.width && y < SIZE.height;
      const isNearEdge =
        Math.min(Math.abs(x), Math.abs(y), Math.abs(SIZE.width - x), Math.abs(SIZE.height - y)) <
        0.51 / placement.scale;
      if (!isNearEdge) expect(word !== 0).toBe(isInside);
      if (word === 0 || isNearEdge) continue;
      const shown = [(word - 1) % SIZE.width, Math.floor((word - 1) / SIZE.width)];
      const step = 2 ** levelFor(placement.scale);
      worst = Math.max(worst, Math.abs(x - shown[0] - step / 2), Math.abs(y - shown[1] - step / 2));
    }
  return worst;
}

describe("TiledPixels", () => {
  it.each([
    ["its own size", { left: 0, top: 0, scale: 1 }],
    ["an odd zoom and place", { left: -731.3, top: -402.7, scale: 1.37 }],
    ["far in", { left: -4031.2, top: -1902.9, scale: 8 }],
    ["coarse", { left: 3.3, top: -20.4, scale: 0.37 }],
    ["all of it", { left: 12.5, top: 4.25, scale: 0.2 }],
  ])("shows each pixel once, where it lies: %s", (_, placement) => {
    const pixels = new TiledPixels(SIZE, makeMap().paintRow);
    const screen = drawn(pixels, placement);
    // Half a pixel of the level, and half of the screen's for edges that are on the screen's grid.
    const step = 2 ** levelFor(placement.scale);
    expect(worstOffset(screen, placement)).toBeLessThan(step / 2 + 0.51 / placement.scale);
    expect(numTwice).toBe(0);
  });

  it.each([1, 0.3])("paints again what changed and is seen, and nothing else (zoom %d)", (scale) => {
    const { map, paintRow } = makeMap();
    const pixels = new TiledPixels(SIZE, paintRow);
    const placement = { left: 0, top: 0, scale };
    drawn(pixels, placement);
    map.fill(7_000_000, 50 * SIZE.width + 240, 50 * SIZE.width + 272); // across two tiles
    map.fill(7_000_000, 51 * SIZE.width + 240, 51 * SIZE.width + 272);
    numPut = 0;
    pixels.update({ x: 240, y: 50, width: 32, height: 2 });
    expect(numPut).toBe(0);
    const screen = drawn(pixels, placement);
    expect(numPut).toBeLessThanOrEqual(64);
    const fresh = drawn(new TiledPixels(SIZE, paintRow), placement);
    expect(screen.words).toEqual(fresh.words);
    expect(screen.words.includes(7_000_000)).toBe(true);
  });

  it("keeps a bounded number of tiles however far somebody travels", () => {
    const pixels = new TiledPixels({ width: 200_000, height: 600 }, (words, at, x, _y, step, count) => {
      for (let i = 0; i < count; i++) words[at + i] = x + i * step + 1;
    });
    for (let left = 0; left > -199_000; left -= 3 * TILE_PX) drawn(pixels, { left, top: 0, scale: 1 });
    expect(pixels.numTiles).toBeLessThan(80);
    const screen = drawn(pixels, { left: 0, top: 0, scale: 1 });
    expect([...screen.words.subarray(0, 3)]).toEqual([1, 2, 3]);
  });

  it("forgets everything when asked to", () => {
    const { map, paintRow } = makeMap();
    const pixels = new TiledPixels(SIZE, paintRow);
    drawn(pixels, { left: 0, top: 0, scale: 1 });
    map.fill(5);
    pixels.clear();
    expect(drawn(pixels, { left: 0, top: 0, scale: 1 }).words.every((word) => word === 5)).toBe(true);
  });
});

it("takes the coarsest level that is no coarser than the screen", () => {
  expect([8, 1, 0.99, 0.5, 0.49, 0.25, 0.139].map(levelFor)).toEqual([0, 0, 0, 1, 1, 2, 2]);
});
