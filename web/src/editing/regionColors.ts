import type { Size } from "./labelMap";

/** The picture's colours under a region's box: of each pixel, or of a smaller picture where the box is very large. */
export class RegionColors {
  private readonly isFull: boolean;

  constructor(
    /** Four bytes a pixel of the picture. */
    readonly rgba: Readonly<Uint8ClampedArray>,
    readonly picture: Size,
    private readonly box: Size,
  ) {
    if (rgba.length !== 4 * picture.width * picture.height)
      throw new Error(`${rgba.length} bytes are not ${picture.width} x ${picture.height} pixels`);
    this.isFull = picture.width === box.width && picture.height === box.height;
  }

  /** Where a pixel of the box, by its index, has its red; green and blue follow. */
  offset(index: number): number {
    if (this.isFull) return 4 * index;
    const { picture, box } = this;
    const x = Math.floor((((index % box.width) + 0.5) / box.width) * picture.width);
    const y = Math.floor(((Math.floor(index / box.width) + 0.5) / box.height) * picture.height);
    return 4 * (y * picture.width + x);
  }

  /** No channel of the two pixels differs by more than `reach`. */
  isNear(a: number, b: number, reach: number): boolean {
    const { rgba } = this;
    const [i, j] = [this.offset(a), this.offset(b)];
    return (
      Math.abs(rgba[i] - rgba[j]) <= reach &&
      Math.abs(rgba[i + 1] - rgba[j + 1]) <= reach &&
      Math.abs(rgba[i + 2] - rgba[j + 2]) <= reach
    );
  }
}
