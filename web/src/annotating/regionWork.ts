import { images } from "@/api/endpoints";
import { bytesOrNull, request } from "@/api/http";
import type { Assignment } from "@/api/types";
import { fromBase64 } from "@/editing/base64";
import { cutOut, type Rect, type Size } from "@/editing/labelMap";
import { decodeBytes, decodePng } from "@/editing/png";
import { RegionDocument } from "@/editing/regionDocument";
import type { Work } from "@/tools/editor";
import { ImageLayer } from "@/viewer/layers";
import { makeCanvas } from "@/viewer/pixelLayer";
import { WorkTimer } from "./workTimer";

/** Larger images are only shown around the region at reduced size. */
const MAX_WHOLE_IMAGE_PIXELS = 8_000_000;
const SURROUNDINGS_MAX_PX = 2048;

/** One leased region with everything needed to work on it, and what the person has put into it. */
export class RegionWork implements Work {
  readonly pictures = new ImageLayer();
  timer: WorkTimer;
  rgba: Uint8ClampedArray | null = null;
  segments: Uint16Array | null = null;
  numClicks: number;
  /** A person painted on it. */
  isTouched = false;
  /** Sent to the outbox at least once: opening it again revises the answer. */
  isSubmitted = false;
  isLeaseLost = false;
  /** The whole region was given one class at once, and nothing was painted after. */
  isDominant = false;
  private hasSurroundings = false;

  constructor(
    readonly assignment: Assignment,
    readonly document: RegionDocument,
    readonly box: Rect,
    readonly cropBox: Rect,
    kept: { seconds: number; numClicks: number } = { seconds: 0, numClicks: 0 },
  ) {
    this.timer = new WorkTimer(kept.seconds);
    this.numClicks = kept.numClicks;
  }

  get id(): string {
    return this.assignment.id;
  }

  get image(): Size {
    return this.assignment.image;
  }

  get needsSurroundings(): boolean {
    const { width, height } = this.image;
    return !this.hasSurroundings && (this.cropBox.width < width || this.cropBox.height < height);
  }

  /** Opened again after it was submitted: the next answer tells what the change took, not the whole. */
  reopen(): void {
    this.timer = new WorkTimer();
    this.numClicks = 0;
  }

  /** Load the rest of the image, to lie below the crop; for people who zoom out. */
  async loadSurroundings(): Promise<void> {
    if (!this.needsSurroundings) return;
    this.hasSurroundings = true;
    const { width, height } = this.image;
    const { id, url } = this.assignment.image;
    const isSmall = width * height <= MAX_WHOLE_IMAGE_PIXELS;
    const small = images.url(id, "file").replace(/file$/, "crop");
    const path = isSmall ? url : `${small}?x=0&y=0&w=${width}&h=${height}&max_px=${SURROUNDINGS_MAX_PX}`;
    this.pictures.add(await loadBitmap(path), { x: 0, y: 0, width, height }, true);
  }
}

export interface KeptProgress {
  labelMap: Uint8Array;
  seconds: number;
  numClicks: number;
}

/** Fetch and decode all that belongs to an assignment, so that opening it later takes no time. */
export async function loadRegionWork(assignment: Assignment, kept?: KeptProgress): Promise<RegionWork> {
  const [x, y, width, height] = assignment.region.bbox;
  const box = { x, y, width, height };
  const [cropX, cropY, cropWidth, cropHeight] = assignment.crop_bbox;
  const cropBox = { x: cropX, y: cropY, width: cropWidth, height: cropHeight };
  const returned = assignment.returned;
  const [mask, prediction, answer, bitmap, segments] = await Promise.all([
    decodeBytes(fromBase64(assignment.region.mask_png), box),
    assignment.prediction_png ? decodeBytes(fromBase64(assignment.prediction_png), box) : null,
    returned ? decodeBytes(fromBase64(returned.label_map_png), box) : null,
    loadBitmap(assignment.crop_url),
    loadSegments(assignment, box).catch(() => null),
  ]);
  const work = new RegionWork(assignment, new RegionDocument(box, mask, prediction), box, cropBox, kept);
  work.pictures.add(bitmap, cropBox);
  work.rgba = pixelsOf(bitmap, cropBox, box);
  work.segments = segments;
  if (kept?.labelMap.length === width * height) {
    work.document.load(kept.labelMap);
    work.isTouched = true;
  } else if (answer) work.document.load(answer);
  return work;
}

async function loadBitmap(url: string): Promise<ImageBitmap> {
  return createImageBitmap(await (await request(url)).blob());
}

async function loadSegments(assignment: Assignment, box: Rect): Promise<Uint16Array | null> {
  const bytes = assignment.segments_url ? await bytesOrNull(assignment.segments_url) : null;
  if (!bytes) return null;
  const { samples, width, height } = await decodePng(bytes);
  const wide = samples instanceof Uint16Array ? samples : Uint16Array.from(samples);
  if (width === box.width && height === box.height) return wide;
  if (box.x + box.width > width || box.y + box.height > height) return null;
  return cutOut(wide, width, box);
}

/** The picture's pixels under a box of the image, at the image's own resolution. */
function pixelsOf(bitmap: ImageBitmap, cropBox: Rect, box: Rect): Uint8ClampedArray {
  const context = makeCanvas(box).getContext("2d", { willReadFrequently: true }) as
    | OffscreenCanvasRenderingContext2D
    | CanvasRenderingContext2D;
  context.drawImage(bitmap, cropBox.x - box.x, cropBox.y - box.y, cropBox.width, cropBox.height);
  return context.getImageData(0, 0, box.width, box.height).data;
}
