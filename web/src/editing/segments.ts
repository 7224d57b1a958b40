import { EMPTY_RECT, type Rect, type Size } from "./labelMap";
import { PixelRuns } from "./runs";

/**
 * Where each segment of a box lies, so that taking one costs what the segment is large, not what the box is.
 *
 * Built in one pass over the box.
 */
export class SegmentIndex {
  private readonly left = new Int32Array(65536).fill(-1);
  private readonly right = new Int32Array(65536);
  private readonly top = new Int32Array(65536);
  private readonly bottom = new Int32Array(65536);

  constructor(
    readonly ids: Uint16Array,
    private readonly size: Size,
  ) {
    for (let y = 0, i = 0; y < size.height; y++) {
      for (let x = 0; x < size.width; x++, i++) this.include(ids[i], x, y);
    }
  }

  /** The smallest box that holds a segment; empty when no pixel has this id. */
  boundsOf(id: number): Rect {
    const x = this.left[id];
    if (x < 0) return EMPTY_RECT;
    const y = this.top[id];
    return { x, y, width: this.right[id] - x + 1, height: this.bottom[id] - y + 1 };
  }

  /** All pixels of a segment. */
  runsOf(id: number): PixelRuns {
    const { width, height } = this.size;
    const runs = new PixelRuns(width, height);
    const box = this.boundsOf(id);
    for (let y = box.y; y < box.y + box.height; y++) {
      for (let x = box.x; x < box.x + box.width; x++) {
        const start = x;
        while (x < box.x + box.width && this.ids[y * width + x] === id) x++;
        runs.add(y, start, x);
      }
    }
    return runs;
  }

  private include(id: number, x: number, y: number): void {
    if (this.left[id] < 0) {
      this.left[id] = x;
      this.right[id] = x;
      this.top[id] = y;
    } else if (x < this.left[id]) this.left[id] = x;
    else if (x > this.right[id]) this.right[id] = x;
    this.bottom[id] = y;
  }
}
