import { type Rect, UNLABELLED, VOID } from "@/editing/labelMap";
import type { RegionDocument } from "@/editing/regionDocument";
import type { Palette } from "./colors";
import { Hatching } from "./hatching";
import { type Layer, placementOf } from "./stage";
import { TiledPixels } from "./tiledPixels";
import type { Viewport } from "./viewport";

const UNLABELLED_STRIPE = 0xb0ffffff;
const VOID_STRIPE = 0xff8a8a94;

/** What is shown of a region's labels, and how. */
export interface LabelLook {
  readonly opacity: number;
  readonly isVisible: boolean;
  readonly hasPatterns: boolean;
  /** Classes that are not drawn. */
  readonly hidden: ReadonlySet<number>;
  /** How much of the region, from its left edge, shows what the model said instead of the answer: 0..1. */
  readonly predictionShare: number;
}

export const PLAIN_LOOK: LabelLook = {
  opacity: 0.5,
  isVisible: true,
  hasPatterns: false,
  hidden: new Set(),
  predictionShare: 0,
};

/** One label map of the region in its colours. Unlabelled pixels carry a faint hatch; void a dark one. */
class ClassPixels {
  private readonly pixels: TiledPixels;
  private hatching: Hatching | null = null;
  private hidden: ReadonlySet<number>;
  /** Colours by value, those of hidden classes transparent. */
  private words: Uint32Array;

  constructor(
    private readonly map: Readonly<Uint8Array>,
    private readonly mask: Readonly<Uint8Array>,
    private readonly box: Rect,
    private readonly palette: Palette,
    look: LabelLook,
  ) {
    this.hidden = look.hidden;
    this.words = wordsOf(palette, look.hidden);
    this.pixels = new TiledPixels(box, (words, at, x, y, step, count) => {
      const start = y * box.width + x;
      for (let i = 0; i < count; i++) {
        const index = start + i * step;
        const value = map[index];
        let word = mask[index] === 0 ? 0 : this.words[value];
        if (value >= VOID && mask[index] === 1 && ((x + i * step + y) & 7) < 2)
          word = value === VOID ? VOID_STRIPE : UNLABELLED_STRIPE;
        words[at + i] = word;
      }
    });
    this.arrangeHatching(look);
  }

  set look(look: LabelLook) {
    if (look.hidden !== this.hidden) {
      this.hidden = look.hidden;
      this.words = wordsOf(this.palette, look.hidden);
      this.pixels.clear();
      this.hatching = null;
    }
    this.arrangeHatching(look);
  }

  update(patch: Rect): void {
    this.pixels.update(patch);
    this.hatching?.update(patch);
  }

  draw(context: CanvasRenderingContext2D, view: Viewport, visible: Rect, opacity: number): void {
    context.globalAlpha = opacity;
    this.pixels.draw(context, placementOf(this.box, view));
    if (!this.hatching || opacity === 0) return;
    context.globalAlpha = Math.min(1, opacity + 0.3);
    this.hatching.draw(context, view, visible);
  }

  private arrangeHatching({ hasPatterns }: LabelLook): void {
    if (!hasPatterns) this.hatching = null;
    else
      this.hatching ??= new Hatching(this.box, (index) => {
        const value = this.map[index];
        return this.mask[index] === 0 || this.hidden.has(value) ? UNLABELLED : value;
      });
  }
}

function wordsOf(palette: Palette, hidden: ReadonlySet<number>): Uint32Array {
  return Uint32Array.from({ length: 256 }, (_, value) =>
    value === UNLABELLED || hidden.has(value) ? 0 : palette[value],
  );
}

/** The answer as it is painted, and beside it or instead of it what the model said. */
export class LabelLayer implements Layer {
  private currentLook = PLAIN_LOOK;
  private readonly answer: ClassPixels;
  private prediction: ClassPixels | null = null;

  constructor(
    private readonly document: RegionDocument,
    private readonly box: Rect,
    private readonly palette: Palette,
    look: LabelLook,
  ) {
    this.currentLook = look;
    this.answer = new ClassPixels(document.labelMap, document.mask, box, palette, look);
    this.preparePrediction();
  }

  set look(look: LabelLook) {
    this.currentLook = look;
    this.answer.look = look;
    if (this.prediction) this.prediction.look = look;
    this.preparePrediction();
  }

  update(patch: Rect): void {
    this.answer.update(patch);
  }

  draw(context: CanvasRenderingContext2D, view: Viewport): void {
    const { isVisible, opacity, predictionShare } = this.currentLook;
    if (!isVisible) return;
    const share = this.prediction ? predictionShare : 0;
    const { x, y, width, height } = onScreen(this.box, view, context.canvas);
    const left = this.box.x * view.scale + view.offsetX;
    const divider = Math.min(x + width, Math.max(x, left + share * this.box.width * view.scale));
    this.drawPart(context, view, this.answer, { x: divider, y, width: x + width - divider, height }, opacity);
    if (this.prediction && share > 0)
      this.drawPart(context, view, this.prediction, { x, y, width: divider - x, height }, opacity);
  }

  private drawPart(
    context: CanvasRenderingContext2D,
    view: Viewport,
    pixels: ClassPixels,
    part: Rect,
    opacity: number,
  ): void {
    if (part.width <= 0 || part.height <= 0) return;
    context.save();
    context.beginPath();
    context.rect(part.x, part.y, part.width, part.height);
    context.clip();
    pixels.draw(context, view, part, opacity);
    context.restore();
  }

  private preparePrediction(): void {
    const { prediction, mask } = this.document;
    if (prediction && !this.prediction && this.currentLook.predictionShare > 0)
      this.prediction = new ClassPixels(prediction, mask, this.box, this.palette, this.currentLook);
  }
}

/** The part of a box of the image that is on the canvas, in CSS pixels. */
function onScreen(box: Rect, view: Viewport, canvas: { width: number; height: number }): Rect {
  const x = Math.max(0, box.x * view.scale + view.offsetX);
  const y = Math.max(0, box.y * view.scale + view.offsetY);
  const right = Math.min(canvas.width / devicePixelRatio, (box.x + box.width) * view.scale + view.offsetX);
  const bottom = Math.min(canvas.height / devicePixelRatio, (box.y + box.height) * view.scale + view.offsetY);
  return { x, y, width: Math.max(0, right - x), height: Math.max(0, bottom - y) };
}
