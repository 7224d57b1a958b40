import { History, TILE_PX } from "./history";
import { EMPTY_RECT, type Rect, type Size, UNLABELLED, unionRect } from "./labelMap";
import { type PixelRuns, runsWhere } from "./runs";

/** Who made a change: drafts are kept for what a person did, not for what the server sent. */
export type Origin = "user" | "server" | "undo";

/** What a write changed, in region pixels; empty when nothing did. */
export interface Patch {
  readonly rect: Rect;
  readonly numChanged: number;
  readonly origin: Origin;
}

/** What pixels become: one class index, or at each pixel what another label map says there. */
export type Paint = number | Uint8Array;

/**
 * The label map of one region's bounding box, with undo.
 *
 * `write` is the only way to change a pixel. It never changes one outside the region.
 * Coordinates are pixels of the box; the document does not know where the box lies in the image.
 */
export class RegionDocument implements Size {
  readonly width: number;
  readonly height: number;
  /** 1 inside the region, 0 outside. */
  readonly mask: Uint8Array;
  /** The model's answer for the box, or null before there is a model. */
  readonly prediction: Uint8Array | null;
  readonly area: number;
  private numCommitted = 0;
  private readonly labels: Uint8Array;
  private readonly counts = new Int32Array(256);
  private readonly history: History;
  private readonly tilesPerRow: number;
  private readonly listeners = new Set<(patch: Patch) => void>();

  constructor(size: Size, mask: Uint8Array, prediction: Uint8Array | null, history = new History()) {
    const numPixels = size.width * size.height;
    if (mask.length !== numPixels || (prediction && prediction.length !== numPixels)) {
      throw new Error(`mask and prediction must have ${size.width} x ${size.height} pixels`);
    }
    this.width = size.width;
    this.height = size.height;
    this.mask = mask.map((value) => (value ? 1 : 0));
    this.prediction = prediction;
    this.history = history;
    this.tilesPerRow = Math.ceil(size.width / TILE_PX);
    this.labels = new Uint8Array(numPixels).fill(UNLABELLED);
    this.area = this.mask.reduce((sum, inside) => sum + inside, 0);
    this.counts[UNLABELLED] = this.area;
    if (prediction) this.write(this.regionRuns(), prediction, "server");
  }

  get labelMap(): Readonly<Uint8Array> {
    return this.labels;
  }

  get numUnlabelled(): number {
    return this.counts[UNLABELLED];
  }

  /** Region pixels that hold a value now. */
  count(value: number): number {
    return this.counts[value];
  }

  /** Strokes that changed something, the one being painted too, whether or not they were undone later. */
  get numStrokes(): number {
    return this.numCommitted + (this.history.hasChanges ? 1 : 0);
  }

  get canUndo(): boolean {
    return this.history.canUndo;
  }

  get canRedo(): boolean {
    return this.history.canRedo;
  }

  isInside(x: number, y: number): boolean {
    return x >= 0 && y >= 0 && x < this.width && y < this.height && this.mask[y * this.width + x] === 1;
  }

  at(x: number, y: number): number {
    return this.labels[y * this.width + x];
  }

  onChange(listener: (patch: Patch) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** All pixels of the region. */
  regionRuns(): PixelRuns {
    return runsWhere(this.width, this.height, (index) => this.mask[index] === 1);
  }

  /** All pixels of the region that hold a value now. */
  runsOf(value: number): PixelRuns {
    return runsWhere(this.width, this.height, (i) => this.mask[i] === 1 && this.labels[i] === value);
  }

  /** Start a stroke: everything until `commitStroke` is one undo entry. */
  beginStroke(): void {
    if (this.history.isOpen) this.commitStroke();
    this.history.begin();
  }

  commitStroke(): void {
    if (this.history.commit()) this.numCommitted++;
  }

  /** Take back what the open stroke did. */
  abortStroke(): void {
    let rect = EMPTY_RECT;
    let numChanged = 0;
    for (const [tile, pixels] of this.history.abort()) {
      numChanged += pixels.length;
      rect = unionRect(rect, this.swapTile(tile, pixels).rect);
    }
    this.emit({ rect, numChanged, origin: "undo" });
  }

  /** Write with a stroke of its own unless one is open. */
  edit(runs: PixelRuns, paint: Paint): Patch {
    if (this.history.isOpen) return this.write(runs, paint, "user");
    this.beginStroke();
    const patch = this.write(runs, paint, "user");
    this.commitStroke();
    return patch;
  }

  /** Replace the whole label map, as a kept draft does; not undoable, so nothing falls back past it. */
  load(labelMap: Uint8Array): Patch {
    return this.write(this.regionRuns(), labelMap, "server");
  }

  /** One stroke back; not while one is being painted. */
  undo(): boolean {
    return this.travel((swap) => this.history.undo(swap));
  }

  redo(): boolean {
    return this.travel((swap) => this.history.redo(swap));
  }

  /** The one place where pixels change. */
  private write(runs: PixelRuns, paint: Paint, origin: Origin): Patch {
    let numChanged = 0;
    runs.forEach((y, x0, x1) => {
      for (let x = x0; x < x1; ) {
        const end = Math.min(x1, x - (x % TILE_PX) + TILE_PX);
        numChanged += this.writeSpan(y, x, end, paint, origin);
        x = end;
      }
    });
    const patch = { rect: numChanged > 0 ? runs.bounds : EMPTY_RECT, numChanged, origin };
    this.emit(patch);
    return patch;
  }

  /** Write pixels of one row that lie in one tile; returns how many changed. */
  private writeSpan(y: number, x0: number, x1: number, paint: Paint, origin: Origin): number {
    const { mask, labels, counts } = this;
    let numChanged = 0;
    for (let index = y * this.width + x0, end = y * this.width + x1; index < end; index++) {
      const value = typeof paint === "number" ? paint : paint[index];
      if (mask[index] === 0 || labels[index] === value) continue;
      if (origin === "user" && numChanged === 0) this.rememberTile(x0, y);
      counts[labels[index]]--;
      counts[value]++;
      labels[index] = value;
      numChanged++;
    }
    return numChanged;
  }

  private emit(patch: Patch): void {
    if (patch.numChanged > 0) for (const listener of this.listeners) listener(patch);
  }

  private travel(step: (swap: (tile: number, pixels: Uint8Array) => Uint8Array) => boolean): boolean {
    if (this.history.isOpen) return false;
    let rect = EMPTY_RECT;
    const moved = step((tile, pixels) => {
      const swapped = this.swapTile(tile, pixels);
      rect = unionRect(rect, swapped.rect);
      return swapped.before;
    });
    if (moved) this.emit({ rect, numChanged: rect.width * rect.height, origin: "undo" });
    return moved;
  }

  private rememberTile(x: number, y: number): void {
    const tile = Math.floor(y / TILE_PX) * this.tilesPerRow + Math.floor(x / TILE_PX);
    this.history.remember(tile, () => this.readTile(this.tileRect(tile)));
  }

  private tileRect(tile: number): Rect {
    const x = (tile % this.tilesPerRow) * TILE_PX;
    const y = Math.floor(tile / this.tilesPerRow) * TILE_PX;
    return {
      x,
      y,
      width: Math.min(TILE_PX, this.width - x),
      height: Math.min(TILE_PX, this.height - y),
    };
  }

  private readTile(rect: Rect): Uint8Array {
    const pixels = new Uint8Array(rect.width * rect.height);
    for (let row = 0; row < rect.height; row++) {
      const start = (rect.y + row) * this.width + rect.x;
      pixels.set(this.labels.subarray(start, start + rect.width), row * rect.width);
    }
    return pixels;
  }

  /** Put a remembered tile back. Its pixels were legal when remembered, so the mask needs no second look. */
  private swapTile(tile: number, pixels: Uint8Array): { before: Uint8Array; rect: Rect } {
    const rect = this.tileRect(tile);
    const before = this.readTile(rect);
    for (let row = 0; row < rect.height; row++) {
      for (let column = 0; column < rect.width; column++) {
        const index = (rect.y + row) * this.width + rect.x + column;
        if (this.mask[index] === 0) continue;
        const value = pixels[row * rect.width + column];
        this.counts[this.labels[index]]--;
        this.counts[value]++;
        this.labels[index] = value;
      }
    }
    return { before, rect };
  }
}
