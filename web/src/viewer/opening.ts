import type { Rect, Size } from "@/editing/labelMap";
import { clamp } from "./geometry";

/** Share of the view that may lie beyond the image's border: room for messages beside a region at the border. */
const BEYOND = 0.14;

function placed(start: number, side: number, length: number): number {
  const room = BEYOND * side;
  return clamp(
    start,
    Math.min(-room, (length - side) / 2),
    Math.max(length - side + room, (length - side) / 2),
  );
}

/**
 * The box to open at: the region in the middle of as much of its image as tells what it is.
 *
 * Up to half of the image's shorter side, but never so much that the region gets small on the canvas. At the
 * image's border the region is not in the middle: there is nothing to see beyond.
 */
export function withContext(box: Rect, image: Size): Rect {
  const longer = Math.max(box.width, box.height);
  const side = Math.max(1.7 * longer, Math.min(3 * longer, 0.5 * Math.min(image.width, image.height)));
  return {
    x: placed(box.x + (box.width - side) / 2, side, image.width),
    y: placed(box.y + (box.height - side) / 2, side, image.height),
    width: side,
    height: side,
  };
}
