import { images } from "@/api/endpoints";
import { bytesOrNull } from "@/api/http";
import { decodeBytes } from "@/editing/png";
import type { RegionWork } from "./regionWork";

/** The model's probability of what it predicts, 0..255 a pixel of the box; null when it is no longer there. */
export async function loadCertainty({ assignment, box }: RegionWork): Promise<Uint8Array | null> {
  const { image, model_version_id } = assignment;
  const bytes = await bytesOrNull(images.boxUrl(image.id, "max_prob", box, { model_version_id }));
  return bytes && decodeBytes(bytes, box);
}
