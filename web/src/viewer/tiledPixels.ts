import { type Rect, type Size, unionRect } from "@/editing/labelMap";
import { makeCanvas } from "./canvases";

/** Side of a tile in pixels of its level. */
export const TILE_PX = 256;
/** Tiles kept beside those a frame draws: 16 MB. */
const SPARE_TILES = 64;

type Context = OffscreenCanvasRenderingContext2D | CanvasRenderingContext2D;

/**
 * Colours of pixels of a row: from `x`, `y` on in steps of `step` pixels to the right, `count` little-endian RGBA
 * words into `words` from `at` on.
 */
export type PaintRow = (
  words: Uint32Array,
  at: number,
  x: number,
  y: number,
  step: number,
  count: number,
) => void;

/** Where the map's first pixel lies on a canvas, and how large a pixel is there; all in pixels of that canvas. */
export interface Placement {
  readonly left: number;
  readonly top: number;
  readonly scale: number;
}

interface DrawnTile {
  readonly level: number;
  /** The pixels of the map that it shows. */
  readonly box: Rect;
  readonly canvas: OffscreenCanvas | HTMLCanvasElement;
  readonly context: Context;
  /** Pixels of the map that its colours do not show yet. */
  stale: Rect | null;
}

/**
 * Colours computed per pixel of a map of any size, drawn at the cost of the screen instead of the map's.
 *
 * A map is shown by tiles of the level the screen can show; each level has every second pixel of the one below.
 * Tiles are made when they are first seen, made again only where the map changed, and the least recently seen let go.
 */
export class TiledPixels {
  private readonly tiles = new Map<string, DrawnTile>();

  constructor(
    readonly size: Size,
    private readonly paintRow: PaintRow,
  ) {}

  get numTiles(): number {
    return this.tiles.size;
  }

  /** The map changed in a box: tiles are told, and pay when they are next seen. */
  update(box: Rect): void {
    if (box.width === 0 || box.height === 0) return;
    for (const tile of this.tiles.values()) {
      const touched = intersection(box, tile.box);
      if (touched) tile.stale = tile.stale ? unionRect(tile.stale, touched) : touched;
    }
  }

  /** All of it is other. */
  clear(): void {
    this.tiles.clear();
  }

  /**
   * Draw what lies on the context's canvas, whatever transform it has; its clip and opacity hold.
   *
   * Edges of tiles are on the canvas's own pixels, so that no seam shows.
   */
  draw(context: Context, { left, top, scale }: Placement): void {
    const level = levelFor(scale);
    const side = TILE_PX << level;
    const { width, height } = context.canvas;
    const first = { x: Math.max(0, -left / scale), y: Math.max(0, -top / scale) };
    const last = {
      x: Math.min(this.size.width, (width - left) / scale),
      y: Math.min(this.size.height, (height - top) / scale),
    };
    context.save();
    context.resetTransform();
    context.imageSmoothingEnabled = false;
    let numDrawn = 0;
    for (let row = Math.floor(first.y / side); row * side < last.y; row++) {
      for (let column = Math.floor(first.x / side); column * side < last.x; column++) {
        const { canvas, box } = this.tile(level, column, row);
        const x = Math.round(left + box.x * scale);
        const y = Math.round(top + box.y * scale);
        const across = Math.round(left + (box.x + box.width) * scale) - x;
        const down = Math.round(top + (box.y + box.height) * scale) - y;
        // The last pixel of a coarse level may stand for fewer than the others.
        const shown = { width: box.width / 2 ** level, height: box.height / 2 ** level };
        if (across > 0 && down > 0)
          context.drawImage(canvas, 0, 0, shown.width, shown.height, x, y, across, down);
        numDrawn++;
      }
    }
    context.restore();
    this.forgetOldest(numDrawn + SPARE_TILES);
  }

  /** A tile with its colours as they are now; the most recently seen one is the last of the map. */
  private tile(level: number, column: number, row: number): DrawnTile {
    const key = `${level}/${column}/${row}`;
    const tile = this.tiles.get(key) ?? this.newTile(level, column, row);
    this.tiles.delete(key);
    this.tiles.set(key, tile);
    if (tile.stale) this.paint(tile, tile.stale);
    return tile;
  }

  private newTile(level: number, column: number, row: number): DrawnTile {
    const side = TILE_PX << level;
    const x = column * side;
    const y = row * side;
    const width = Math.min(side, this.size.width - x);
    const height = Math.min(side, this.size.height - y);
    const canvas = makeCanvas({
      width: Math.ceil(width / 2 ** level),
      height: Math.ceil(height / 2 ** level),
    });
    const context = canvas.getContext("2d") as Context | null;
    if (!context) throw new Error("this browser has no 2D canvas");
    const box = { x, y, width, height };
    return { level, box, canvas, context, stale: box };
  }

  /** Compute the stale part again. */
  private paint(tile: DrawnTile, stale: Rect): void {
    const { level, box } = tile;
    const step = 1 << level;
    const x = (stale.x - box.x) >> level;
    const y = (stale.y - box.y) >> level;
    const width = Math.ceil((stale.x + stale.width - box.x) / step) - x;
    const height = Math.ceil((stale.y + stale.height - box.y) / step) - y;
    const image = new ImageData(width, height);
    const words = new Uint32Array(image.data.buffer);
    for (let row = 0; row < height; row++) {
      this.paintRow(words, row * width, box.x + x * step, box.y + (y + row) * step, step, width);
    }
    tile.context.putImageData(image, x, y);
    tile.stale = null;
  }

  private forgetOldest(numKept: number): void {
    for (const key of this.tiles.keys()) {
      if (this.tiles.size <= numKept) return;
      this.tiles.delete(key);
    }
  }
}

/** The coarsest level whose pixels are no larger than the canvas's, or the map itself. */
export function levelFor(scale: number): number {
  return Math.max(0, Math.floor(Math.log2(1 / scale)));
}

function intersection(a: Rect, b: Rect): Rect | null {
  const x = Math.max(a.x, b.x);
  const y = Math.max(a.y, b.y);
  const width = Math.min(a.x + a.width, b.x + b.width) - x;
  const height = Math.min(a.y + a.height, b.y + b.height) - y;
  return width > 0 && height > 0 ? { x, y, width, height } : null;
}
