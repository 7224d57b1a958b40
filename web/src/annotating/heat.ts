import { images } from "@/api/endpoints";
import { bytesOrNull } from "@/api/http";
import { decodePng } from "@/editing/png";
import { heatPalette, stretched } from "@/viewer/colors";
import { MapLayer } from "@/viewer/layers";
import type { RegionWork } from "./regionWork";

/** Longest side of the heat map: it is a picture to look at, not one to measure in. */
const MAX_PX = 2048;

/** The uncertainty of the whole image; null while there is none. */
export async function loadHeat(work: RegionWork): Promise<MapLayer | null> {
  const bytes = await bytesOrNull(`${images.url(work.assignment.image.id, "scores")}?max_px=${MAX_PX}`);
  if (!bytes) return null;
  const { samples, width, height } = await decodePng(bytes);
  const box = { x: 0, y: 0, width: work.image.width, height: work.image.height };
  return new MapLayer(stretched(Uint8Array.from(samples)), box, heatPalette(), { width, height });
}
