import { annotations } from "@/api/endpoints";
import { request } from "@/api/http";
import type { AnnotationDetail } from "@/api/types";
import { fromBase64 } from "@/editing/base64";
import type { Rect } from "@/editing/labelMap";
import { decodeBytes } from "@/editing/png";
import { RegionDocument } from "@/editing/regionDocument";
import type { Palette } from "@/viewer/colors";
import { ImageLayer, MapLayer, RegionLayer } from "@/viewer/layers";
import type { Layer } from "@/viewer/stage";

/** Everything a reviewer looks at of one answer, decoded. */
export interface Material {
  readonly detail: AnnotationDetail;
  readonly box: Rect;
  readonly cropBox: Rect;
  /** 1 inside the region, 0 outside. */
  readonly mask: Uint8Array;
  readonly answer: Uint8Array;
  readonly before: Uint8Array | null;
  readonly now: Uint8Array | null;
  /** Annotation id -> its pixels: every version, fix and second answer of the region. */
  readonly saidOf: ReadonlyMap<string, Uint8Array>;
  readonly picture: ImageLayer;
  readonly region: RegionLayer;
}

const rect = ([x, y, width, height]: readonly number[]): Rect => ({ x, y, width, height });

/** Fetch an annotation and decode all pictures of it. */
export async function loadMaterial(annotationId: string): Promise<Material> {
  const detail = await annotations.get(annotationId);
  const box = rect(detail.bbox);
  const cropBox = rect(detail.crop_bbox);
  const decode = (png: string) => decodeBytes(fromBase64(png), box);
  const [mask, before, now, bitmap, ...said] = await Promise.all([
    decode(detail.region.mask_png),
    detail.prediction_png ? decode(detail.prediction_png) : null,
    detail.prediction_now_png ? decode(detail.prediction_now_png) : null,
    request(detail.crop_url)
      .then((response) => response.blob())
      .then(createImageBitmap),
    ...detail.history.map((item) => decode(item.label_map_png)),
  ]);
  const picture = new ImageLayer();
  picture.show([{ bitmap, box: cropBox }]);
  const document = new RegionDocument(box, mask, null);
  const saidOf = new Map(detail.history.map((item, index) => [item.id, said[index]]));
  return {
    detail,
    box,
    cropBox,
    mask: Uint8Array.from(document.mask),
    answer: saidOf.get(detail.id) ?? (await decode(detail.label_map_png)),
    before: before && inside(before, document.mask),
    now: now && inside(now, document.mask),
    saidOf,
    picture,
    region: new RegionLayer(document, box, detail.image),
  };
}

/** A map of the box with nothing outside the region. */
function inside(map: Uint8Array, mask: Readonly<Uint8Array>): Uint8Array {
  return map.map((value, index) => (mask[index] ? value : 255));
}

/** Layers of one picture: the image, a map over it, the region's outline. */
export function layersOf(
  material: Material,
  map: Readonly<Uint8Array> | null,
  palette: Palette,
  opacity: number,
): Layer[] {
  const layers: Layer[] = [material.picture];
  if (map) {
    const overlay = new MapLayer(map, material.box, palette);
    overlay.opacity = opacity;
    layers.push(overlay);
  }
  return [...layers, material.region];
}

const MARK = 0xffd020ff; // little-endian: a magenta no street, field or cell has
/** Draws what differs, and nothing else. */
export const differencePalette: Palette = Uint32Array.from({ length: 256 }, (_, value) =>
  value === 1 ? MARK : 0,
);
