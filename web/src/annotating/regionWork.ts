import { images } from "@/api/endpoints";
import { bytesOrNull, request } from "@/api/http";
import type { Assignment } from "@/api/types";
import { fromBase64 } from "@/editing/base64";
import type { Rect, Size } from "@/editing/labelMap";
import { MapPacker, type PackedMap } from "@/editing/packedMap";
import { decodeBytes, decodePng } from "@/editing/png";
import { RegionColors } from "@/editing/regionColors";
import { RegionDocument } from "@/editing/regionDocument";
import type { Work } from "@/tools/editor";
import { makeCanvas } from "@/viewer/canvases";
import { ImageLayer } from "@/viewer/layers";
import { Surroundings } from "@/viewer/surroundings";
import { type Cost, CostMeter, NO_COST } from "./cost";

/** Longest side of what the server crops. */
const COLORS_PX = 2048;

/** One leased region with everything needed to work on it, and what the person has put into it. */
export class RegionWork implements Work {
  readonly pictures = new ImageLayer();
  readonly surroundings: Surroundings;
  cost: CostMeter;
  colors: RegionColors | null = null;
  segments: Uint16Array | null = null;
  maxProbs: Uint8Array | null = null;
  /** A person painted on it. */
  isTouched = false;
  /** Sent to the outbox at least once: opening it again revises the answer. */
  isSubmitted = false;
  isLeaseLost = false;
  /** The whole region was given one class at once, and nothing was painted after. */
  isDominant = false;
  private readonly packer: MapPacker;

  constructor(
    /** Another one once the region was leased again, after its lease had run out. */
    public assignment: Assignment,
    readonly document: RegionDocument,
    readonly box: Rect,
    cropBox: Rect,
    crop: ImageBitmap,
    cost: Cost = NO_COST,
  ) {
    this.packer = new MapPacker(document);
    this.cost = new CostMeter(cost, () => document.numStrokes);
    this.surroundings = new Surroundings(
      this.pictures,
      assignment.image,
      { box: cropBox, bitmap: crop },
      (box, maxPx) => loadCrop(assignment.image.id, box, maxPx),
    );
  }

  get id(): string {
    return this.assignment.id;
  }

  get image(): Size {
    return this.assignment.image;
  }

  /** Its label map as the browser keeps it; costs what was painted since the last time. */
  packed(): PackedMap {
    return this.packer.packed();
  }

  /**
   * The picture came smaller than the image is: get the region's own part as large as the server gives it, for tools
   * that look at single pixels. Beyond that a tool sees the nearest pixel of the smaller picture.
   */
  async loadFinerColors(): Promise<void> {
    try {
      const bitmap = await loadCrop(this.assignment.image.id, this.box, COLORS_PX);
      this.colors = colorsOf(bitmap, this.box, this.box);
      bitmap.close();
    } catch {
      // The coarser ones serve.
    }
  }

  /** Opened again after it was submitted: the next answer tells what the change took, not the whole. */
  reopen(): void {
    const already = this.document.numStrokes;
    this.cost = new CostMeter(NO_COST, () => this.document.numStrokes - already);
  }

  /** Nobody will look at it again: give the pictures' memory back at once, not when the browser gets round to it. */
  dispose(): void {
    this.surroundings.dispose();
  }
}

/** What was painted before, and what it had cost. */
export interface Progress {
  readonly labelMap: Uint8Array | null;
  readonly cost: Cost;
}

/** Fetch and decode all that belongs to an assignment, so that opening it later takes no time. */
export async function loadRegionWork(assignment: Assignment, progress?: Progress): Promise<RegionWork> {
  const box = rectOf(assignment.region.bbox);
  const cropBox = rectOf(assignment.crop_bbox);
  const { returned } = assignment;
  const [mask, prediction, answer, segments, bitmap] = await Promise.all([
    decodeBytes(fromBase64(assignment.region.mask_png), box),
    assignment.prediction_png ? decodeBytes(fromBase64(assignment.prediction_png), box) : null,
    returned ? decodeBytes(fromBase64(returned.label_map_png), box) : null,
    loadSegments(assignment, box).catch(() => null),
    loadBitmap(assignment.crop_url),
  ]);
  const document = new RegionDocument(box, mask, prediction);
  const work = new RegionWork(assignment, document, box, cropBox, bitmap, progress?.cost);
  work.colors = colorsOf(bitmap, cropBox, box);
  if (bitmap.width < cropBox.width) void work.loadFinerColors();
  work.segments = segments;
  if (progress?.labelMap?.length === box.width * box.height) {
    document.load(progress.labelMap);
    work.isTouched = true;
  } else if (answer) document.load(answer);
  return work;
}

const rectOf = ([x, y, width, height]: readonly [number, number, number, number]): Rect => ({
  x,
  y,
  width,
  height,
});

async function loadBitmap(url: string): Promise<ImageBitmap> {
  return createImageBitmap(await (await request(url)).blob());
}

function loadCrop(imageId: string, box: Rect, maxPx: number): Promise<ImageBitmap> {
  return loadBitmap(images.boxUrl(imageId, "crop", box, { max_px: maxPx }));
}

async function loadSegments({ image }: Assignment, box: Rect): Promise<Uint16Array | null> {
  const bytes = await bytesOrNull(images.boxUrl(image.id, "segments", box));
  if (!bytes) return null;
  const { samples } = await decodePng(bytes);
  return samples instanceof Uint16Array ? samples : Uint16Array.from(samples);
}

/** A picture's colours under a box of the image, at the picture's own resolution. */
function colorsOf(bitmap: ImageBitmap, pictured: Rect, box: Rect): RegionColors {
  const across = bitmap.width / pictured.width;
  const down = bitmap.height / pictured.height;
  const size = { width: Math.ceil(box.width * across), height: Math.ceil(box.height * down) };
  const context = makeCanvas(size).getContext("2d", { willReadFrequently: true }) as
    | OffscreenCanvasRenderingContext2D
    | CanvasRenderingContext2D;
  const left = (pictured.x - box.x) * across;
  const top = (pictured.y - box.y) * down;
  context.drawImage(bitmap, left, top);
  return new RegionColors(context.getImageData(0, 0, size.width, size.height).data, size, box);
}
