import { type Rect, type Size, UNLABELLED } from "@/editing/labelMap";
import { maskEdges } from "@/editing/outline";
import type { RegionDocument } from "@/editing/regionDocument";
import type { Palette } from "./colors";
import { inImage, type Layer, placementOf } from "./stage";
import { TiledPixels } from "./tiledPixels";
import type { Viewport } from "./viewport";

const OPACITY = 0.5;

/**
 * What is known of the whole image, in its colours and outlined: all but the region on the table.
 *
 * That one is left out although somebody may have answered it: who is asked a second time should say what they see.
 */
export class AnswersLayer implements Layer {
  private readonly pixels: TiledPixels;
  private readonly outline = new Path2D();

  constructor(
    private readonly labelMap: Uint8Array,
    size: Size,
    palette: Palette,
  ) {
    this.pixels = new TiledPixels(size, (words, at, x, y, step, count) => {
      for (let i = 0, index = y * size.width + x; i < count; i++, index += step)
        words[at + i] = palette[labelMap[index]];
    });
    const known = labelMap.map((value) => (value === UNLABELLED ? 0 : 1));
    for (const [x0, y0, x1, y1] of maskEdges(known, size)) {
      this.outline.moveTo(x0, y0);
      this.outline.lineTo(x1, y1);
    }
  }

  draw(context: CanvasRenderingContext2D, view: Viewport): void {
    context.save();
    context.globalAlpha = OPACITY;
    this.pixels.draw(context, placementOf({ x: 0, y: 0 }, view));
    context.restore();
    inImage(context, view, () => {
      context.lineWidth = 1.5 / view.scale;
      context.strokeStyle = "#fff";
      context.setLineDash([4 / view.scale, 3 / view.scale]);
      context.stroke(this.outline);
    });
  }

  /** The same, small. */
  drawSmall(canvas: HTMLCanvasElement): void {
    const context = canvas.getContext("2d");
    if (!context) return;
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.globalAlpha = 0.8;
    const scale = canvas.width / this.pixels.size.width;
    this.pixels.draw(context, { left: 0, top: 0, scale });
    context.scale(scale, scale);
    context.lineWidth = (2 * this.pixels.size.width) / canvas.width;
    context.strokeStyle = "#fff";
    context.stroke(this.outline);
    context.resetTransform();
  }

  get hasAnswers(): boolean {
    return this.labelMap.some((value) => value !== UNLABELLED);
  }
}

/** A map of the image without what it says of the region. */
export function withoutRegion(
  labelMap: Readonly<Uint8Array>,
  { width }: Size,
  document: RegionDocument,
  box: Rect,
): Uint8Array {
  const rest = Uint8Array.from(labelMap);
  for (let y = 0; y < box.height; y++) {
    for (let x = 0; x < box.width; x++) {
      if (document.mask[y * box.width + x] === 1) rest[(box.y + y) * width + box.x + x] = UNLABELLED;
    }
  }
  return rest;
}
