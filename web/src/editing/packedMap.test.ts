import { describe, expect, it } from "vitest";
import { MapPacker, pack, unpack } from "./packedMap";
import { RegionDocument } from "./regionDocument";
import { runsWhere } from "./runs";

/** The same numbers at every run. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Compared at once: value by value takes seconds. */
const same = (a: Readonly<Uint8Array>, b: Readonly<Uint8Array>) =>
  a.length === b.length && a.every((value, index) => value === b[index]);

describe("a packed map", () => {
  it.each([
    [1, 1],
    [256, 256],
    [257, 3],
    [600, 513],
  ])("gives %d x %d pixels back, noisy or plain", (width, height) => {
    const next = numbers(width);
    const noise = Uint8Array.from({ length: width * height }, () => Math.floor(next() * 256));
    expect(same(unpack(pack(noise, { width, height })), noise)).toBe(true);
    const plain = new Uint8Array(width * height).fill(7);
    const packed = pack(plain, { width, height });
    expect(same(unpack(packed), plain)).toBe(true);
    expect(packed.tiles.every((tile) => tile.length === 3)).toBe(true);
  });

  it("is refused when it is not of its size", () => {
    const packed = pack(new Uint8Array(12), { width: 4, height: 3 });
    expect(() => unpack({ ...packed, width: 300 })).toThrow("1 tiles are not 300 x 3");
    expect(() => unpack({ ...packed, height: 2 })).toThrow("more pixels");
    expect(() => unpack({ ...packed, height: 4 })).toThrow("fewer pixels");
  });

  it("follows what is painted and undone, and packs only the tiles that changed", () => {
    const size = { width: 700, height: 300 };
    const document = new RegionDocument(size, new Uint8Array(700 * 300).fill(1), null);
    const packer = new MapPacker(document);
    let before = packer.packed();
    expect(same(unpack(before), document.labelMap)).toBe(true);
    const next = numbers(3);
    for (let step = 0; step < 40; step++) {
      if (next() < 0.3) document.undo();
      else {
        const x = Math.floor(next() * 660);
        const y = Math.floor(next() * 260);
        const inside = (i: number) =>
          i % 700 >= x && i % 700 < x + 40 && Math.floor(i / 700) >= y && Math.floor(i / 700) < y + 40;
        document.edit(runsWhere(700, 300, inside), Math.floor(next() * 5));
      }
      const now = packer.packed();
      expect(same(unpack(now), document.labelMap)).toBe(true);
      const numOther = now.tiles.filter((tile, index) => tile !== before.tiles[index]).length;
      expect(numOther).toBeLessThanOrEqual(4);
      before = now;
    }
  });
});
