import { type Rect, type Size, UNLABELLED } from "@/editing/labelMap";
import { maskEdges } from "@/editing/outline";
import type { RegionDocument } from "@/editing/regionDocument";
import type { Palette } from "./colors";
import { PixelLayer } from "./pixelLayer";
import { inImage, type Layer } from "./stage";
import type { Viewport } from "./viewport";

const OPACITY = 0.5;

/**
 * What is known of the whole image, in its colours and outlined: all but the region on the table.
 *
 * That one is left out although somebody may have answered it: who is asked a second time should say what they see.
 */
export class AnswersLayer implements Layer {
  private readonly pixels: PixelLayer;
  private readonly outline = new Path2D();

  constructor(
    private readonly labelMap: Uint8Array,
    size: Size,
    palette: Palette,
  ) {
    this.pixels = new PixelLayer(size, (index) => palette[labelMap[index]]);
    const known = labelMap.map((value) => (value === UNLABELLED ? 0 : 1));
    for (const [x0, y0, x1, y1] of maskEdges(known, size)) {
      this.outline.moveTo(x0, y0);
      this.outline.lineTo(x1, y1);
    }
  }

  draw(context: CanvasRenderingContext2D, view: Viewport): void {
    inImage(context, view, () => {
      context.globalAlpha = OPACITY;
      context.imageSmoothingEnabled = false;
      context.drawImage(this.pixels.canvas, 0, 0);
      context.globalAlpha = 1;
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
    context.scale(canvas.width / this.pixels.size.width, canvas.height / this.pixels.size.height);
    context.drawImage(this.pixels.canvas, 0, 0);
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
