import type { Rect, Size } from "@/editing/labelMap";
import type { ImageLayer, Picture } from "./layers";
import type { Viewport } from "./viewport";

/** Side of a tile in pixels of its picture. */
export const TILE_PX = 1024;
/** Longest side of the picture of the whole image; one that is no larger needs no tiles. */
export const WHOLE_PX = 2048;
/** Tiles kept: twice what a large screen shows, 100 MB. */
const MAX_TILES = 24;
const NUM_AT_ONCE = 2;
/** A picture this much coarser than the screen still looks sharp. */
const TOLERANCE = 1.15;

export interface Tile {
  readonly key: string;
  readonly box: Rect;
}

/** Loads a box of the image, its longer side at most `maxPx`. */
type Load = (box: Rect, maxPx: number) => Promise<ImageBitmap>;

/**
 * The pictures of an image around one region, loaded as a person looks: never the whole image at full resolution.
 *
 * The crop of the region is there from the beginning. Below it goes the whole image, made small; where somebody
 * zooms in beyond that, tiles of the resolution the screen can show, the least recently seen let go.
 */
export class Surroundings {
  /** Another picture is there to be drawn. */
  onLoaded: () => void = () => {};
  private readonly tiles = new Map<string, Picture>();
  private readonly loading = new Set<string>();
  private wanted: Tile[] = [];
  private hasWhole = false;
  private isDisposed = false;
  private readonly pictures: Picture[];

  constructor(
    private readonly layer: ImageLayer,
    private readonly image: Size,
    crop: Picture,
    private readonly load: Load,
  ) {
    this.pictures = [crop];
    this.hasWhole = crop.box.width === image.width && crop.box.height === image.height;
    this.arrange();
  }

  /** Called when the view has come to rest: load what it shows and nobody has loaded. `scale` in device pixels. */
  async look(view: Viewport, canvas: Size, pixelRatio: number): Promise<void> {
    await this.loadWhole();
    const seen = visibleBox(view, canvas, this.image);
    this.wanted = seen ? this.missing(seen, view.scale * pixelRatio) : [];
    await Promise.all(Array.from({ length: NUM_AT_ONCE }, () => this.loadWanted()));
  }

  dispose(): void {
    this.isDisposed = true;
    this.wanted = [];
    for (const { bitmap } of [...this.pictures, ...this.tiles.values()]) bitmap.close();
    this.tiles.clear();
    this.layer.show([]);
  }

  private async loadWhole(): Promise<void> {
    if (this.hasWhole) return;
    this.hasWhole = true;
    const box = { x: 0, y: 0, width: this.image.width, height: this.image.height };
    try {
      const bitmap = await this.load(box, WHOLE_PX);
      if (this.isDisposed) bitmap.close();
      else this.pictures.unshift({ box, bitmap });
      this.arrange();
    } catch {
      this.hasWhole = false; // the next look tries again
    }
  }

  /** The tiles a view needs: none where what is there is sharp enough. */
  private missing(seen: Rect, scale: number): Tile[] {
    const isSharp = (picture: Picture) =>
      contains(picture.box, seen) &&
      Math.min(1, scale) <= (TOLERANCE * picture.bitmap.width) / picture.box.width;
    if (Math.max(this.image.width, this.image.height) <= WHOLE_PX || this.pictures.some(isSharp)) return [];
    return tilesFor(seen, scale, this.image);
  }

  private async loadWanted(): Promise<void> {
    for (let tile = this.wanted.shift(); tile; tile = this.wanted.shift()) {
      const { key, box } = tile;
      const known = this.tiles.get(key);
      if (known) {
        this.tiles.delete(key);
        this.tiles.set(key, known); // seen just now
      } else if (!this.loading.has(key)) {
        await this.loadTile(key, box);
      }
    }
  }

  private async loadTile(key: string, box: Rect): Promise<void> {
    this.loading.add(key);
    try {
      const bitmap = await this.load(box, TILE_PX);
      if (this.isDisposed) bitmap.close();
      else this.tiles.set(key, { box, bitmap });
      this.forgetOldest();
      this.arrange();
    } catch {
      // Not sharper than before; the next look tries again.
    } finally {
      this.loading.delete(key);
    }
  }

  private forgetOldest(): void {
    for (const [key, { bitmap }] of this.tiles) {
      if (this.tiles.size <= MAX_TILES) return;
      this.tiles.delete(key);
      bitmap.close();
    }
  }

  /** Coarse below, fine on top. */
  private arrange(): void {
    if (this.isDisposed) return;
    const coarseness = ({ box, bitmap }: Picture) => box.width / bitmap.width;
    const all = [...this.pictures, ...this.tiles.values()];
    this.layer.show(all.sort((a, b) => coarseness(b) - coarseness(a)));
    this.onLoaded();
  }
}

/** The part of the image that is on the canvas, in whole pixels; null when there is none. */
export function visibleBox(view: Viewport, canvas: Size, image: Size): Rect | null {
  const left = Math.max(0, Math.floor(-view.offsetX / view.scale));
  const top = Math.max(0, Math.floor(-view.offsetY / view.scale));
  const right = Math.min(image.width, Math.ceil((canvas.width - view.offsetX) / view.scale));
  const bottom = Math.min(image.height, Math.ceil((canvas.height - view.offsetY) / view.scale));
  return right > left && bottom > top ? { x: left, y: top, width: right - left, height: bottom - top } : null;
}

/** Tiles of the grid that belongs to a scale, those that touch the box. Each level halves the resolution. */
export function tilesFor(box: Rect, scale: number, image: Size): Tile[] {
  const level = Math.max(0, Math.floor(Math.log2(TOLERANCE / scale)));
  const side = TILE_PX * 2 ** level;
  const tiles: Tile[] = [];
  for (let y = Math.floor(box.y / side) * side; y < box.y + box.height; y += side) {
    for (let x = Math.floor(box.x / side) * side; x < box.x + box.width; x += side) {
      const width = Math.min(side, image.width - x);
      const height = Math.min(side, image.height - y);
      tiles.push({ key: `${level}/${x}/${y}`, box: { x, y, width, height } });
    }
  }
  return tiles;
}

function contains(outer: Rect, inner: Rect): boolean {
  return (
    outer.x <= inner.x &&
    outer.y <= inner.y &&
    outer.x + outer.width >= inner.x + inner.width &&
    outer.y + outer.height >= inner.y + inner.height
  );
}
