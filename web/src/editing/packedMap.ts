import type { Rect, Size } from "./labelMap";
import type { RegionDocument } from "./regionDocument";

/** Side of a tile: at most 65,536 pixels, so that a run's length fits into two bytes less one. */
const TILE_PX = 256;
/** value, then length - 1 in two bytes, low byte first. */
const RUN_BYTES = 3;

/** A label map as the browser's storage holds it: runs of equal values, tile by tile. */
export interface PackedMap extends Size {
  readonly tiles: readonly Uint8Array[];
}

export function pack(map: Readonly<Uint8Array>, size: Size): PackedMap {
  const tiles = tilesOf(size).map((tile) => packTile(map, size.width, tile));
  return { width: size.width, height: size.height, tiles };
}

/** The label map again, row by row. Throws when the tiles are not those of its size. */
export function unpack({ width, height, tiles }: PackedMap): Uint8Array {
  const map = new Uint8Array(width * height);
  const rects = tilesOf({ width, height });
  if (tiles.length !== rects.length) throw new Error(`${tiles.length} tiles are not ${width} x ${height}`);
  rects.forEach((rect, index) => {
    unpackTile(tiles[index], map, width, rect);
  });
  return map;
}

/** Packs one region's label map again and again, each time only what was painted since. */
export class MapPacker {
  private readonly rects: readonly Rect[];
  private readonly tiles: Uint8Array[] = [];
  private readonly changed = new Set<number>();

  constructor(private readonly document: RegionDocument) {
    this.rects = tilesOf(document);
    this.rects.forEach((_, index) => {
      this.changed.add(index);
    });
    document.onChange(({ rect }) => this.mark(rect));
  }

  /** As it is now. */
  packed(): PackedMap {
    const { labelMap, width, height } = this.document;
    for (const index of this.changed) this.tiles[index] = packTile(labelMap, width, this.rects[index]);
    this.changed.clear();
    return { width, height, tiles: [...this.tiles] };
  }

  private mark({ x, y, width, height }: Rect): void {
    const perRow = Math.ceil(this.document.width / TILE_PX);
    for (let row = Math.floor(y / TILE_PX); row * TILE_PX < y + height; row++)
      for (let column = Math.floor(x / TILE_PX); column * TILE_PX < x + width; column++)
        this.changed.add(row * perRow + column);
  }
}

function tilesOf({ width, height }: Size): Rect[] {
  const rects: Rect[] = [];
  for (let y = 0; y < height; y += TILE_PX)
    for (let x = 0; x < width; x += TILE_PX)
      rects.push({ x, y, width: Math.min(TILE_PX, width - x), height: Math.min(TILE_PX, height - y) });
  return rects;
}

const scratch = new Uint8Array(TILE_PX * TILE_PX * RUN_BYTES);

function packTile(map: Readonly<Uint8Array>, mapWidth: number, { x, y, width, height }: Rect): Uint8Array {
  let at = 0;
  let value = map[y * mapWidth + x];
  let length = 0;
  const end = () => {
    scratch[at++] = value;
    scratch[at++] = (length - 1) & 255;
    scratch[at++] = (length - 1) >> 8;
  };
  for (let row = y; row < y + height; row++) {
    for (let index = row * mapWidth + x, last = index + width; index < last; index++) {
      if (map[index] !== value) {
        end();
        value = map[index];
        length = 0;
      }
      length++;
    }
  }
  end();
  return scratch.slice(0, at);
}

function unpackTile(packed: Uint8Array, map: Uint8Array, mapWidth: number, tile: Rect): void {
  let done = 0;
  for (let at = 0; at < packed.length; at += RUN_BYTES) {
    let left = 1 + packed[at + 1] + (packed[at + 2] << 8);
    if (done + left > tile.width * tile.height) throw new Error("a tile holds more pixels than it has");
    while (left > 0) {
      const column = done % tile.width;
      const count = Math.min(left, tile.width - column);
      const start = (tile.y + Math.floor(done / tile.width)) * mapWidth + tile.x + column;
      map.fill(packed[at], start, start + count);
      done += count;
      left -= count;
    }
  }
  if (done !== tile.width * tile.height) throw new Error("a tile holds fewer pixels than it has");
}
