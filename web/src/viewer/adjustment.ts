import { makeCanvas } from "./canvases";

/** How the picture is shown; each 0 is as it is. Brightness and contrast -100..100, gamma as a power of two -2..2. */
export interface Adjustment {
  readonly brightness: number;
  readonly contrast: number;
  readonly gamma: number;
}

export const AS_IT_IS: Adjustment = { brightness: 0, contrast: 0, gamma: 0 };

export function isAsItIs({ brightness, contrast, gamma }: Adjustment): boolean {
  return brightness === 0 && contrast === 0 && gamma === 0;
}

/** What each of the 256 values of a channel becomes: gamma first, then contrast about the middle, then brightness. */
export function adjustedValues({ brightness, contrast, gamma }: Adjustment): Uint8ClampedArray {
  const power = 2 ** -gamma;
  const slope = contrast >= 0 ? 1 + contrast / 25 : 1 + contrast / 110;
  return Uint8ClampedArray.from({ length: 256 }, (_, value) => {
    const bent = 255 * (value / 255) ** power;
    return (bent - 127.5) * slope + 127.5 + brightness * 1.27;
  });
}

/**
 * Pictures with the adjustment in them. Computed once per picture and setting, so a frame costs what it always did.
 */
export class PictureAdjuster {
  private values: Uint8ClampedArray | null = null;
  private made = new WeakMap<ImageBitmap, CanvasImageSource>();

  set adjustment(adjustment: Adjustment) {
    this.values = isAsItIs(adjustment) ? null : adjustedValues(adjustment);
    this.made = new WeakMap();
  }

  /** What to draw in a picture's place. */
  shown(bitmap: ImageBitmap): CanvasImageSource {
    if (!this.values) return bitmap;
    const known = this.made.get(bitmap);
    if (known) return known;
    const canvas = makeCanvas(bitmap);
    const context = canvas.getContext("2d", { willReadFrequently: true }) as
      | OffscreenCanvasRenderingContext2D
      | CanvasRenderingContext2D;
    context.drawImage(bitmap, 0, 0);
    const image = context.getImageData(0, 0, bitmap.width, bitmap.height);
    adjust_(image.data, this.values);
    context.putImageData(image, 0, 0);
    this.made.set(bitmap, canvas);
    return canvas;
  }
}

/** Replace each colour channel's value, in place; opacity stays. */
export function adjust_(rgba: Uint8ClampedArray, values: Uint8ClampedArray): void {
  for (let at = 0; at < rgba.length; at += 4) {
    rgba[at] = values[rgba[at]];
    rgba[at + 1] = values[rgba[at + 1]];
    rgba[at + 2] = values[rgba[at + 2]];
  }
}
