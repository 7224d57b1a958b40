import { costFields, NO_COST } from "@/annotating/cost";
import { loadRegionWork, type RegionWork } from "@/annotating/regionWork";
import { images } from "@/api/endpoints";
import type { AnnotationDetail, Assignment, FixBody, Project } from "@/api/types";
import { toBase64 } from "@/editing/base64";
import { encodeGreyPng } from "@/editing/png";
import type { Material } from "./material";

/** The region of an answer on the table, painted as the answer says. */
export async function loadFixWork({ detail, answer }: Material): Promise<RegionWork> {
  return loadRegionWork(asAssignment(detail), {
    labelMap: answer,
    cost: NO_COST,
  });
}

/** What the editor needs to know of a region, said the way assignments say it. */
function asAssignment(detail: AnnotationDetail): Assignment {
  return {
    ...detail,
    state: "answered",
    lease_expires_at: detail.created_at,
    region_query: {
      id: detail.region_query_id,
      round_id: "",
      round_number: detail.round,
      rank: 0,
      score: null,
      purpose: detail.purpose,
      reason: null,
    },
    segments_url: images.url(detail.image_id, "segments"),
    returned: null,
  };
}

/** What is painted now, as the server takes it. */
export async function answerBody(work: RegionWork, project: Project): Promise<FixBody> {
  const png = await encodeGreyPng(work.document.labelMap.slice(), work.document);
  const isDominant = work.isDominant && project.partition.kind === "superpixel";
  return {
    label_map_png: toBase64(png),
    ...costFields(work.cost.cost),
    kind: isDominant ? "dominant" : "exact",
  };
}
