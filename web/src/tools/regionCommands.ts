import { UNLABELLED } from "@/editing/labelMap";
import type { RegionDocument } from "@/editing/regionDocument";
import { holeRuns, smoothed } from "@/editing/tidy";

/** What is done to a whole region at once; each is one undo entry. */

/** Every pixel nobody has labelled takes a value. */
export function fillRest(document: RegionDocument, value: number): void {
  document.edit(document.runsOf(UNLABELLED), value);
}

/** The whole region takes one value. */
export function fillRegion(document: RegionDocument, value: number): void {
  document.edit(document.regionRuns(), value);
}

/** The region, or only its unlabelled pixels, goes back to what the model said. */
export function acceptPrediction(document: RegionDocument, onlyUnlabelled: boolean): void {
  if (!document.prediction) return;
  document.edit(onlyUnlabelled ? document.runsOf(UNLABELLED) : document.regionRuns(), document.prediction);
}

/** All pixels that hold one value take another. */
export function replaceValue(document: RegionDocument, from: number, to: number): void {
  document.edit(document.runsOf(from), to);
}

/** What a value encloses takes that value. */
export function fillHoles(document: RegionDocument, value: number): void {
  document.edit(holeRuns(document, value), value);
}

/** Every pixel takes the value most pixels around it have. */
export function smoothEdges(document: RegionDocument): void {
  document.edit(document.regionRuns(), smoothed(document));
}
