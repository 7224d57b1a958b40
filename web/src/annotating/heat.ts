import { images } from "@/api/endpoints";
import { bytesOrNull } from "@/api/http";
import { decodePng } from "@/editing/png";
import { heatPalette, stretched } from "@/viewer/colors";
import { MapLayer } from "@/viewer/layers";
import type { RegionWork } from "./regionWork";

/** The uncertainty of the whole image; null while there is none. */
export async function loadHeat(work: RegionWork): Promise<MapLayer | null> {
  const bytes = await bytesOrNull(images.url(work.assignment.image.id, "scores"));
  if (!bytes) return null;
  const { samples, width, height } = await decodePng(bytes);
  return new MapLayer(stretched(Uint8Array.from(samples)), { x: 0, y: 0, width, height }, heatPalette());
}
