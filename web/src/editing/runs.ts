import type { Rect } from "./labelMap";

/**
 * A set of pixels as horizontal runs: what brushes, fills and polygons hand to the one writer.
 *
 * Runs are clipped to the size given at the start; a pixel may be in several runs.
 */
export class PixelRuns {
  private readonly data: number[] = [];
  private minX = Number.POSITIVE_INFINITY;
  private minY = Number.POSITIVE_INFINITY;
  private maxX = -1;
  private maxY = -1;

  constructor(
    readonly width: number,
    readonly height: number,
  ) {}

  /** Add the pixels x0 (included) to x1 (not included) of row y. */
  add(y: number, x0: number, x1: number): void {
    const from = Math.max(0, x0);
    const to = Math.min(this.width, x1);
    if (y < 0 || y >= this.height || from >= to) return;
    this.data.push(y, from, to);
    this.minX = Math.min(this.minX, from);
    this.maxX = Math.max(this.maxX, to);
    this.minY = Math.min(this.minY, y);
    this.maxY = Math.max(this.maxY, y + 1);
  }

  get isEmpty(): boolean {
    return this.data.length === 0;
  }

  get bounds(): Rect {
    if (this.isEmpty) return { x: 0, y: 0, width: 0, height: 0 };
    return { x: this.minX, y: this.minY, width: this.maxX - this.minX, height: this.maxY - this.minY };
  }

  forEach(visit: (y: number, x0: number, x1: number) => void): void {
    for (let i = 0; i < this.data.length; i += 3) visit(this.data[i], this.data[i + 1], this.data[i + 2]);
  }
}

/** Every pixel for which `contains(index)` holds. */
export function runsWhere(width: number, height: number, contains: (index: number) => boolean): PixelRuns {
  const runs = new PixelRuns(width, height);
  for (let y = 0; y < height; y++) {
    const row = y * width;
    for (let x = 0; x < width; x++) {
      if (!contains(row + x)) continue;
      const start = x;
      while (x < width && contains(row + x)) x++;
      runs.add(y, start, x);
    }
  }
  return runs;
}
