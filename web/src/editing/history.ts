/** Undo by changed tiles: an entry holds the other state of each tile its stroke touched. */

export const TILE_PX = 32;

interface Entry {
  /** Tile index -> its pixels in the state this entry leads to. */
  readonly tiles: Map<number, Uint8Array>;
  readonly bytes: number;
}

/** Bytes a region's undo may take: two whole fills of 8192 x 4096 pixels, or 60,000 tiles. */
export const HISTORY_BUDGET_BYTES = 80 * 1024 * 1024;
/** What a tile costs beside its pixels: its array's header and its place in the map (an estimate on the safe side). */
export const TILE_OVERHEAD_BYTES = 176;

/**
 * Strokes of one label map, newest last. Undo and redo swap tiles with the map, so each costs what the stroke cost.
 *
 * What is held never exceeds the budget: the oldest strokes go first, and a stroke too large for it cannot be undone.
 *
 * This class only knows bytes; `RegionDocument` is the one that writes pixels and tells it beforehand.
 */
export class History {
  private undoStack: Entry[] = [];
  private redoStack: Entry[] = [];
  private open: Map<number, Uint8Array> | null = null;
  private bytesHeld = 0;

  constructor(private readonly budgetBytes = HISTORY_BUDGET_BYTES) {}

  get canUndo(): boolean {
    return this.undoStack.length > 0;
  }

  get canRedo(): boolean {
    return this.redoStack.length > 0;
  }

  get bytes(): number {
    return this.bytesHeld;
  }

  get isOpen(): boolean {
    return this.open !== null;
  }

  /** The open stroke has changed something. */
  get hasChanges(): boolean {
    return this.open !== null && this.open.size > 0;
  }

  begin(): void {
    this.open = new Map();
  }

  /** Keep a tile's pixels as they are before the open stroke first changes them. */
  remember(tile: number, read: () => Uint8Array): void {
    if (this.open && !this.open.has(tile)) this.open.set(tile, read());
  }

  /** Close the open stroke; one that changed nothing leaves no entry. Returns whether it changed something. */
  commit(): boolean {
    const tiles = this.open;
    this.open = null;
    if (!tiles || tiles.size === 0) return false;
    this.clearRedo();
    const entry = { tiles, bytes: sizeOf(tiles) };
    this.undoStack.push(entry);
    this.bytesHeld += entry.bytes;
    while (this.bytesHeld > this.budgetBytes) {
      this.bytesHeld -= this.undoStack.shift()?.bytes ?? 0;
    }
    return true;
  }

  /** Drop the open stroke and give back the tiles that undo what it has done so far. */
  abort(): Map<number, Uint8Array> {
    const tiles = this.open ?? new Map();
    this.open = null;
    return tiles;
  }

  undo(swap: (tile: number, pixels: Uint8Array) => Uint8Array): boolean {
    return move(this.undoStack, this.redoStack, swap);
  }

  redo(swap: (tile: number, pixels: Uint8Array) => Uint8Array): boolean {
    return move(this.redoStack, this.undoStack, swap);
  }

  private clearRedo(): void {
    for (const entry of this.redoStack) this.bytesHeld -= entry.bytes;
    this.redoStack = [];
  }
}

function move(from: Entry[], to: Entry[], swap: (tile: number, pixels: Uint8Array) => Uint8Array): boolean {
  const entry = from.pop();
  if (!entry) return false;
  for (const [tile, pixels] of entry.tiles) entry.tiles.set(tile, swap(tile, pixels));
  to.push(entry);
  return true;
}

function sizeOf(tiles: Map<number, Uint8Array>): number {
  let bytes = 0;
  for (const pixels of tiles.values()) bytes += pixels.byteLength + TILE_OVERHEAD_BYTES;
  return bytes;
}
