import type { Rect } from "@/editing/labelMap";
import { clamp, type ImagePoint, imagePoint } from "@/viewer/geometry";
import type { Layer } from "@/viewer/stage";
import type { Viewport } from "@/viewer/viewport";

/** A cross that the arrow keys move from pixel to pixel, for painting without a pointer. */
export class KeyboardCursor implements Layer {
  private pixel: { x: number; y: number } | null = null;

  get isActive(): boolean {
    return this.pixel !== null;
  }

  /** The centre of its pixel. */
  get at(): ImagePoint | null {
    return this.pixel && imagePoint(this.pixel.x + 0.5, this.pixel.y + 0.5);
  }

  /** Move within the box; the first move starts from the box's middle. */
  move(dx: number, dy: number, box: Rect): void {
    const from = this.pixel ?? {
      x: Math.floor(box.x + box.width / 2),
      y: Math.floor(box.y + box.height / 2),
    };
    this.pixel = {
      x: clamp(from.x + dx, box.x, box.x + box.width - 1),
      y: clamp(from.y + dy, box.y, box.y + box.height - 1),
    };
  }

  hide(): void {
    this.pixel = null;
  }

  draw(context: CanvasRenderingContext2D, view: Viewport): void {
    if (!this.at) return;
    const { x, y } = view.toScreen(this.at);
    const reach = Math.max(8, view.scale * 0.5 + 6);
    for (const [width, color] of [
      [4, "rgb(0 0 0 / 0.75)"],
      [1.75, "#fff"],
    ] as const) {
      context.lineWidth = width;
      context.strokeStyle = color;
      context.beginPath();
      for (const [ux, uy] of [
        [1, 0],
        [-1, 0],
        [0, 1],
        [0, -1],
      ]) {
        context.moveTo(x + ux * 3, y + uy * 3);
        context.lineTo(x + ux * reach, y + uy * reach);
      }
      context.stroke();
    }
  }
}
