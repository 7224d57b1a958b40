import { describe, expect, it } from "vitest";
import type { Rect } from "@/editing/labelMap";
import { ImageLayer } from "./layers";
import { Surroundings, TILE_PX, tilesFor, visibleBox, WHOLE_PX } from "./surroundings";
import { Viewport } from "./viewport";

const HUGE = { width: 8192, height: 4096 };
const CANVAS = { width: 1000, height: 600 };

/** What stands for pictures here: their size, and whether they are still open. */
function openPictures() {
  const open = new Set<object>();
  const load = async (box: Rect, maxPx: number): Promise<ImageBitmap> => {
    const scale = Math.min(1, maxPx / Math.max(box.width, box.height));
    const bitmap = {
      width: box.width * scale,
      height: box.height * scale,
      close: () => open.delete(bitmap),
    };
    open.add(bitmap);
    asked.push([box, maxPx]);
    return bitmap;
  };
  const asked: [Rect, number][] = [];
  return { open, load, asked };
}

async function around(image = HUGE) {
  const pictures = openPictures();
  const layer = new ImageLayer();
  const box = { x: 1000, y: 1000, width: 900, height: 900 };
  const crop = { box, bitmap: await pictures.load(box, 1024) };
  pictures.asked.length = 0;
  return { ...pictures, surroundings: new Surroundings(layer, image, crop, pictures.load) };
}

const viewOf = (box: Rect) => Viewport.fitting(box, CANVAS, 0);

describe("Surroundings", () => {
  it("never asks for more of a picture than a tile or the small whole", async () => {
    const { surroundings, asked } = await around();
    for (const box of [
      { x: 1200, y: 1200, width: 300, height: 180 },
      { x: 4000, y: 2000, width: 1000, height: 600 },
      { x: 0, y: 0, ...HUGE },
    ]) {
      await surroundings.look(viewOf(box), CANVAS, 1);
    }
    expect(asked[0]).toEqual([{ x: 0, y: 0, ...HUGE }, WHOLE_PX]);
    expect(asked.slice(1).every(([box, maxPx]) => box.width <= TILE_PX && maxPx === TILE_PX)).toBe(true);
    expect(asked.length).toBeGreaterThan(2);
  });

  it("loads nothing while the region's crop shows all there is to see, sharp", async () => {
    const { surroundings, asked } = await around();
    await surroundings.look(viewOf({ x: 1100, y: 1200, width: 700, height: 420 }), CANVAS, 1);
    expect(asked.map(([, maxPx]) => maxPx)).toEqual([WHOLE_PX]);
  });

  it("asks for each tile once, and for none in images no larger than the small whole", async () => {
    const first = await around();
    const view = viewOf({ x: 4000, y: 2000, width: 1000, height: 600 });
    await first.surroundings.look(view, CANVAS, 1);
    const numAsked = first.asked.length;
    await first.surroundings.look(view, CANVAS, 1);
    expect(first.asked.length).toBe(numAsked);
    const small = await around({ width: 2048, height: 1024 });
    await small.surroundings.look(viewOf({ x: 0, y: 0, width: 100, height: 60 }), CANVAS, 2);
    expect(small.asked.length).toBe(1);
  });

  it("holds a bounded number of pictures however far one wanders, and none once it is disposed of", async () => {
    const { surroundings, open } = await around();
    for (let x = 0; x < 8192; x += 700) {
      for (const y of [0, 1500, 3400]) {
        await surroundings.look(viewOf({ x, y, width: 1000, height: 600 }), CANVAS, 1);
      }
    }
    expect(open.size).toBeLessThanOrEqual(24 + 2);
    surroundings.dispose();
    expect(open.size).toBe(0);
  });

  it("closes a picture that arrives after it was disposed of", async () => {
    const { surroundings, open } = await around();
    const looking = surroundings.look(viewOf({ x: 4000, y: 2000, width: 1000, height: 600 }), CANVAS, 1);
    surroundings.dispose();
    await looking;
    expect(open.size).toBe(0);
  });
});

describe("tiles", () => {
  it("cover what is seen, halve with each level, and end with the image", () => {
    const image = { width: 5000, height: 1500 };
    const tiles = tilesFor({ x: 900, y: 1000, width: 300, height: 300 }, 1, image);
    expect(tiles.map(({ key }) => key)).toEqual(["0/0/0", "0/1024/0", "0/0/1024", "0/1024/1024"]);
    expect(tiles[3].box).toEqual({ x: 1024, y: 1024, width: 1024, height: 476 });
    expect(tilesFor({ x: 0, y: 0, width: 5000, height: 1500 }, 0.25, image)[0].box.width).toBe(4096);
  });

  it("know what of the image is on the canvas", () => {
    const image = { width: 100, height: 80 };
    expect(visibleBox(new Viewport(10, -50, 0), CANVAS, image)).toEqual({
      x: 5,
      y: 0,
      width: 95,
      height: 60,
    });
    expect(visibleBox(new Viewport(1, 2000, 0), CANVAS, image)).toBeNull();
  });
});
