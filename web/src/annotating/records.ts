/** What the browser keeps of a person's work. Plain values: they outlive the page and the program that wrote them. */
import type { AnnotationBody, Assignment } from "@/api/types";
import type { Size } from "@/editing/labelMap";
import { type PackedMap, unpack } from "@/editing/packedMap";
import type { Cost } from "./cost";

interface Owned {
  readonly assignmentId: string;
  readonly projectId: string;
  readonly userId: string;
}

/** What a person knows a region by. */
export interface Place {
  readonly queryId: string;
  readonly filename: string;
  readonly bbox: readonly number[];
}

/** A region that a tab of this browser holds, with what has been painted on it so far. */
export interface HeldWork extends Owned {
  /** The tab that has it on its table or waiting; once that is gone, any other may take it over. */
  readonly tabId: string;
  readonly assignment: Assignment;
  /** null while nobody painted on it. */
  readonly labelMap: PackedMap | null;
  readonly cost: Cost;
  /** The region was answered before: this is a change of that answer. */
  readonly isRevision: boolean;
  readonly savedAt: number;
}

/** What is on its way to the server: an answer, or the news that a region was skipped. */
export type Pending = Owned & {
  readonly id: string;
  /** They go out in this order. */
  readonly sequence: number;
  readonly what: Answer | Skip;
};
export interface Answer extends Place {
  readonly kind: "answer";
  readonly body: AnnotationBody;
  readonly isRevision: boolean;
}
export interface Skip {
  readonly kind: "skip";
  readonly reason: string;
}

/** Why work is kept instead of being sent. The page has a sentence for each. */
export type KeptReason = "taken" | "reviewed" | "refused" | "forbidden" | "gone" | "aside" | "elsewhere";

/** Work that could not be sent, or was put aside: kept until the person takes it up again or discards it. */
export interface KeptWork extends Owned, Place {
  /** Index PNG of the region's box. */
  readonly labelMapPng: string;
  readonly cost: Cost;
  readonly isRevision: boolean;
  readonly reason: KeptReason;
  /** The server's own words, where it gave some. */
  readonly detail: string;
  readonly keptAt: number;
}

/** The size of an assignment's region. */
export const sizeOf = ({ region }: Assignment): Size => ({ width: region.bbox[2], height: region.bbox[3] });

/** What a held work opens with. */
export const progressOf = ({ labelMap, cost }: HeldWork) => ({
  labelMap: labelMap && unpack(labelMap),
  cost,
});

export const placeOf = ({ region_query, image, region }: Assignment): Place => ({
  queryId: region_query.id,
  filename: image.filename,
  bbox: region.bbox,
});
