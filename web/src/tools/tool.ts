import type { BrushShape } from "@/editing/brush";
import type { Rect } from "@/editing/labelMap";
import type { RegionColors } from "@/editing/regionColors";
import type { RegionDocument } from "@/editing/regionDocument";
import type { ImagePoint } from "@/viewer/geometry";
import type { Viewport } from "@/viewer/viewport";

export const TOOL_IDS = [
  "brush",
  "eraser",
  "polygon",
  "superpixel",
  "wand",
  "copy",
  "replace",
  "pick",
] as const;
export type ToolId = (typeof TOOL_IDS)[number];

/** One region on the table: everything a tool may look at. */
export interface Bench {
  readonly document: RegionDocument;
  /** Where the document's box lies in the image. */
  readonly box: Rect;
  /** The picture under the box; null while it loads. */
  readonly colors: RegionColors | null;
  /** Segment id of each pixel of the box; null while they load or when there are none. */
  readonly segments: Uint16Array | null;
  /** The model's probability of the class it predicts, 0..255; null until it is asked for, or when there is none. */
  readonly maxProbs: Uint8Array | null;
}

/** What the eraser leaves behind: what the model said, or nothing. */
export type EraseTarget = "prediction" | "unlabelled";
/** What a pen's pressure changes: nothing, the diameter, or how far from the colour under its tip it paints. */
export type PenPressure = "off" | "size" | "hardness";
/** What the wand calls alike: the picture's colour, or what the model thinks. */
export type WandBasis = "color" | "probability";

export interface ToolSettings {
  /** What is painted: a class index or VOID. */
  paintValue: number;
  /** Diameter or side of brush and eraser in image pixels. */
  brushSize: number;
  brushShape: BrushShape;
  penPressure: PenPressure;
  eraseTo: EraseTarget;
  wandBasis: WandBasis;
  /** Largest difference a colour channel may have for the wand. */
  tolerance: number;
  /** Largest difference in the model's probability for the wand, in percent. */
  certaintyTolerance: number;
}

export const DEFAULT_SETTINGS: ToolSettings = {
  paintValue: 0,
  brushSize: 12,
  brushShape: "round",
  penPressure: "size",
  eraseTo: "prediction",
  wandBasis: "color",
  tolerance: 24,
  certaintyTolerance: 20,
};

/** What tools get from the editor around them. */
export interface ToolHost {
  readonly bench: Bench | null;
  readonly settings: Readonly<ToolSettings>;
  pickValue(value: number): void;
  /** The whole region takes one value: what a `dominant` answer is. */
  fillRegion(value: number): void;
  invalidate(): void;
}

export interface ToolPointer {
  readonly at: ImagePoint;
  /** 0..1; 1 for mouse and touch. */
  readonly pressure: number;
  readonly shiftKey: boolean;
  /** When it happened, in milliseconds of any clock: two clicks in quick succession are a double click. */
  readonly timeMs: number;
}

/**
 * A pointer state machine. `down` starts a gesture, `move` goes on with it or hovers, `up` ends it;
 * `cancel` takes everything back that the gesture in progress has done.
 */
export interface Tool {
  readonly id: ToolId;
  readonly cursor: string;
  down(pointer: ToolPointer): void;
  move(pointer: ToolPointer): void;
  up(): void;
  cancel(): void;
  /** Whatever the tool shows of itself: a ring, a half-drawn polygon. `hover` is null when the pointer is away. */
  draw(context: CanvasRenderingContext2D, view: Viewport, hover: ImagePoint | null): void;
}

/** A point of the image as a point of the bench's box. */
export function inBox(bench: Bench, at: ImagePoint): { x: number; y: number } {
  return { x: at.x - bench.box.x, y: at.y - bench.box.y };
}

/** The box pixel under a point of the image, or null outside the region. */
export function regionPixel(bench: Bench, at: ImagePoint): { x: number; y: number; index: number } | null {
  const local = inBox(bench, at);
  const x = Math.floor(local.x);
  const y = Math.floor(local.y);
  return bench.document.isInside(x, y) ? { x, y, index: y * bench.box.width + x } : null;
}
