import type { Size } from "@/editing/labelMap";
import { makeCanvas } from "./canvases";

type Context = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D;

interface Still {
  readonly place: string;
  readonly sources: readonly CanvasImageSource[];
  readonly size: Size;
  picture: CanvasImageSource | null;
}

const stills = new WeakMap<CanvasRenderingContext2D, Still>();

/**
 * Draw pictures that are slow to scale well: 43 ms a frame for a photograph on 1138 x 800 pixels without a GPU.
 *
 * The first frame at a new place is drawn coarsely (2 ms). When the next one is at the same place, the pictures are
 * drawn finely once and kept as the screen shows them; from then on a frame only copies them.
 *
 * `place` names where and how the pictures are drawn, `draw` draws them into a context that has the same transform.
 */
export function drawStill(
  context: CanvasRenderingContext2D,
  place: string,
  sources: readonly CanvasImageSource[],
  draw: (target: Context, quality: ImageSmoothingQuality) => void,
): void {
  const { width, height } = context.canvas;
  const still = stills.get(context);
  if (!still || still.place !== place || !isSameView(still, { width, height }, sources)) {
    stills.set(context, { place, sources, size: { width, height }, picture: null });
    draw(context, "low");
    return;
  }
  still.picture ??= finePicture(context, draw);
  context.save();
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.drawImage(still.picture, 0, 0);
  context.restore();
}

function isSameView(still: Still, size: Size, sources: readonly CanvasImageSource[]): boolean {
  const { width, height } = still.size;
  if (width !== size.width || height !== size.height || still.sources.length !== sources.length) return false;
  return still.sources.every((source, index) => source === sources[index]);
}

function finePicture(
  context: CanvasRenderingContext2D,
  draw: (target: Context, quality: ImageSmoothingQuality) => void,
): CanvasImageSource {
  const canvas = makeCanvas(context.canvas);
  const target = canvas.getContext("2d") as Context | null;
  if (!target) throw new Error("this browser has no 2D canvas");
  target.setTransform(context.getTransform());
  draw(target, "high");
  return canvas;
}
