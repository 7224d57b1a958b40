import type { Rect, Size } from "@/editing/labelMap";
import { clamp, type ImagePoint, imagePoint, type ScreenPoint, screenPoint } from "./geometry";

export const MIN_SCALE = 0.02;
export const MAX_SCALE = 64;

/** Where the image lies on the canvas: screen = scale * image + offset. A value; every move makes a new one. */
export class Viewport {
  constructor(
    readonly scale = 1,
    readonly offsetX = 0,
    readonly offsetY = 0,
  ) {}

  toScreen(point: ImagePoint): ScreenPoint {
    return screenPoint(point.x * this.scale + this.offsetX, point.y * this.scale + this.offsetY);
  }

  toImage(point: ScreenPoint): ImagePoint {
    return imagePoint((point.x - this.offsetX) / this.scale, (point.y - this.offsetY) / this.scale);
  }

  /** The six numbers of the transform, as `CanvasRenderingContext2D.setTransform` takes them. */
  get matrix(): readonly [number, number, number, number, number, number] {
    return [this.scale, 0, 0, this.scale, this.offsetX, this.offsetY];
  }

  pannedBy(dx: number, dy: number): Viewport {
    return new Viewport(this.scale, this.offsetX + dx, this.offsetY + dy);
  }

  /** Zoom so that what is under `at` stays under it. */
  zoomedAt(at: ScreenPoint, factor: number): Viewport {
    const scale = clamp(this.scale * factor, MIN_SCALE, MAX_SCALE);
    const fixed = this.toImage(at);
    return new Viewport(scale, at.x - fixed.x * scale, at.y - fixed.y * scale);
  }

  /** The box in the middle of the canvas, as large as fits with `margin` (a share of the canvas) around it. */
  static fitting(box: Rect, canvas: Size, margin: number): Viewport {
    const room = 1 - 2 * margin;
    const scale = clamp(
      Math.min((canvas.width * room) / box.width, (canvas.height * room) / box.height),
      MIN_SCALE,
      MAX_SCALE,
    );
    return Viewport.centredOn(box, canvas, scale);
  }

  static centredOn(box: Rect, canvas: Size, scale: number): Viewport {
    return new Viewport(
      scale,
      canvas.width / 2 - (box.x + box.width / 2) * scale,
      canvas.height / 2 - (box.y + box.height / 2) * scale,
    );
  }
}
