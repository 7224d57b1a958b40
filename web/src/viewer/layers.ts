import { type Rect, type Size, UNLABELLED } from "@/editing/labelMap";
import { type Edge, maskEdges } from "@/editing/outline";
import type { RegionDocument } from "@/editing/regionDocument";
import type { PictureAdjuster } from "./adjustment";
import { colored } from "./canvases";
import type { Palette } from "./colors";
import { inImage, type Layer, placementOf } from "./stage";
import { drawStill } from "./still";
import { TiledPixels } from "./tiledPixels";
import type { Viewport } from "./viewport";

/** Above this zoom, pixels are shown as the squares they are. */
const PIXELATED_FROM_SCALE = 4;
const BLACK = 0xff000000;
const MISSING = 0xff2e4dff;

/** A picture of a part of the image; its own resolution may be another. */
export interface Picture {
  readonly box: Rect;
  readonly bitmap: ImageBitmap;
}

/** Pictures of parts of the image, each where it belongs. */
export class ImageLayer implements Layer {
  /** Shows the pictures brighter, say; null as they are. */
  adjuster: PictureAdjuster | null = null;
  private pictures: readonly Picture[] = [];

  /** From now on these, the last on top. Whoever made them closes them, once they are not shown any more. */
  show(pictures: readonly Picture[]): void {
    this.pictures = pictures;
  }

  draw(context: CanvasRenderingContext2D, view: Viewport): void {
    const shown = this.pictures.map(({ bitmap }) => this.adjuster?.shown(bitmap) ?? bitmap);
    inImage(context, view, () =>
      drawStill(context, view.matrix.join(), shown, (target, quality) => {
        target.imageSmoothingEnabled = view.scale < PIXELATED_FROM_SCALE;
        target.imageSmoothingQuality = quality;
        this.pictures.forEach(({ box }, index) => {
          target.drawImage(shown[index], box.x, box.y, box.width, box.height);
        });
      }),
    );
  }
}

/** Any map of bytes in the colours of a palette: heat, predictions, label maps of whole images. */
export class MapLayer implements Layer {
  isVisible = true;
  opacity = 0.6;
  private readonly canvas: OffscreenCanvas | HTMLCanvasElement;

  constructor(
    map: Readonly<Uint8Array>,
    /** The part of the image that it covers. */
    private readonly box: Rect,
    palette: Palette,
    /** The map's own pixels, where they are fewer than the box has. */
    size: Size = box,
  ) {
    this.canvas = colored(map, size, palette);
  }

  draw(context: CanvasRenderingContext2D, view: Viewport): void {
    if (!this.isVisible) return;
    inImage(context, view, () => {
      context.globalAlpha = this.opacity;
      context.imageSmoothingEnabled = view.scale < PIXELATED_FROM_SCALE;
      const { x, y, width, height } = this.box;
      context.drawImage(this.canvas, x, y, width, height);
    });
  }
}

/** The region: everything outside dimmed, its outline sharp at any zoom. */
export class RegionLayer implements Layer {
  dimming = 0.45;
  /** null where the region fills its box: there is nothing to dim inside. */
  private readonly shade: TiledPixels | null;
  private readonly outline = new Path2D();

  constructor(
    document: RegionDocument,
    private readonly box: Rect,
    private readonly image: { readonly width: number; readonly height: number },
  ) {
    const { mask, width, height, area } = document;
    if (area === width * height) {
      this.shade = null;
      this.outline.rect(box.x, box.y, width, height);
      return;
    }
    this.shade = new TiledPixels(document, (words, at, x, y, step, count) => {
      for (let i = 0, index = y * width + x; i < count; i++, index += step)
        words[at + i] = mask[index] === 0 ? BLACK : 0;
    });
    for (const [x0, y0, x1, y1] of maskEdges(mask, document)) {
      this.outline.moveTo(box.x + x0, box.y + y0);
      this.outline.lineTo(box.x + x1, box.y + y1);
    }
  }

  draw(context: CanvasRenderingContext2D, view: Viewport): void {
    this.drawShade(context, view);
    inImage(context, view, () => {
      context.lineCap = "square";
      strokeTwice(context, this.outline, view.scale);
    });
  }

  /** On whole device pixels, so that no seam shows between the box and what is around it. */
  private drawShade(context: CanvasRenderingContext2D, view: Viewport): void {
    const hole = onDevicePixels(this.box, view);
    const all = onDevicePixels({ x: 0, y: 0, ...this.image }, view);
    context.save();
    context.globalAlpha = this.dimming;
    context.fillStyle = "#000";
    context.beginPath();
    context.rect(all.x, all.y, all.width, all.height);
    context.rect(hole.x, hole.y, hole.width, hole.height);
    context.fill("evenodd");
    this.shade?.draw(context, placementOf(this.box, view));
    context.restore();
  }
}

/** A box of the image in CSS pixels, its edges on the grid of the screen. */
function onDevicePixels(box: Rect, view: Viewport): Rect {
  const snap = (value: number) => Math.round(value * devicePixelRatio) / devicePixelRatio;
  const x = snap(box.x * view.scale + view.offsetX);
  const y = snap(box.y * view.scale + view.offsetY);
  return {
    x,
    y,
    width: snap((box.x + box.width) * view.scale + view.offsetX) - x,
    height: snap((box.y + box.height) * view.scale + view.offsetY) - y,
  };
}

/** A light line on a dark one: visible on any picture. */
export function strokeTwice(context: CanvasRenderingContext2D, path: Path2D, scale: number): void {
  context.lineWidth = 3.5 / scale;
  context.strokeStyle = "rgb(0 0 0 / 0.75)";
  context.stroke(path);
  context.lineWidth = 1.5 / scale;
  context.strokeStyle = "#fff";
  context.stroke(path);
}

/** The pixels that still need a label, blinking for a moment. */
export class FlashLayer implements Layer {
  private until = 0;
  private readonly pixels: TiledPixels;

  constructor(
    document: RegionDocument,
    private readonly box: Rect,
    private readonly invalidate: () => void,
  ) {
    const { mask, labelMap, width } = document;
    this.pixels = new TiledPixels(document, (words, at, x, y, step, count) => {
      for (let i = 0, index = y * width + x; i < count; i++, index += step)
        words[at + i] = mask[index] === 1 && labelMap[index] === UNLABELLED ? MISSING : 0;
    });
  }

  start(milliseconds: number): void {
    this.until = performance.now() + milliseconds;
    this.pixels.clear(); // pixels were painted since the last time
    this.invalidate();
  }

  draw(context: CanvasRenderingContext2D, view: Viewport): void {
    const left = this.until - performance.now();
    if (left <= 0) return;
    context.save();
    context.globalAlpha = isMotionReduced() ? 0.8 : 0.5 + 0.5 * Math.sin(left / 70);
    this.pixels.draw(context, placementOf(this.box, view));
    context.restore();
    requestAnimationFrame(this.invalidate);
  }
}

function isMotionReduced(): boolean {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

export type { Edge };
