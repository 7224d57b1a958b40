import { create } from "zustand";
import { VOID } from "@/editing/labelMap";
import type { ToolId } from "@/tools/tool";
import { type Adjustment, AS_IT_IS } from "@/viewer/adjustment";
import type { KeptWork } from "./records";
import type { RegionWork } from "./regionWork";
import type { StorageTrouble } from "./shelf";

/** What panels show of the region on the table. Pixels stay in the document. */
export interface RegionFacts {
  readonly assignmentId: string;
  readonly rank: number;
  readonly score: number | null;
  readonly purpose: string;
  readonly topClasses: readonly number[];
  readonly probs: readonly number[];
  readonly bbox: string;
  readonly area: number;
  readonly hasPrediction: boolean;
  readonly modelVersionId: string | null;
  readonly hasSegments: boolean;
  readonly filename: string;
  readonly imageId: string;
  readonly image: { readonly width: number; readonly height: number };
  readonly isRevisit: boolean;
  /** Why a reviewer wants another answer; null where none does. */
  readonly returned: { readonly reviewer: string; readonly comment: string } | null;
}

export type Phase = "loading" | "working" | "empty" | "unreachable";
export type SaveState = "saved" | "saving" | "offline";
export type MapState = "off" | "loading" | "on";
/** What of the model's answer is shown in the place of the person's. */
export type Compare = "off" | "prediction" | "swipe";

export interface AnnotateState {
  phase: Phase;
  facts: RegionFacts | null;
  tool: ToolId;
  paintValue: number;
  previousValue: number;
  brushSize: number;
  tolerance: number;
  opacity: number;
  areLabelsVisible: boolean;
  heat: MapState;
  answers: MapState;
  compare: Compare;
  /** Where the divider of the swipe is: a share of the region's width. */
  swipeAt: number;
  hasPatterns: boolean;
  /** Classes that are not drawn. */
  hidden: readonly number[];
  adjustment: Adjustment;
  numUnlabelled: number;
  /** Region pixels of each value, for the bars beside the classes. */
  counts: readonly number[];
  canUndo: boolean;
  canRedo: boolean;
  canGoBack: boolean;
  needsFix: boolean;
  isLeaseLost: boolean;
  outbox: SaveState;
  draft: SaveState;
  /** Answers and skips the server does not have yet. */
  numPending: number;
  numDone: number;
  /** The session is over; the page asks for a sign-in and goes on. */
  isSignedOut: boolean;
  /** Why the browser's storage does not take what is painted, or null when it does. */
  storageTrouble: StorageTrouble | null;
  /** Other tabs of this browser with the same project open for annotating. */
  numOtherTabs: number;
  /** Another tab was there first. */
  isSecondTab: boolean;
  /** Work that could not be sent or was put aside. */
  kept: readonly KeptWork[];
  panel: "none" | "help" | "guide" | "kept";
  isViewOpen: boolean;
  search: string | null;
  /** Which of the found classes Enter takes. */
  searchAt: number;
}

const INITIAL: AnnotateState = {
  phase: "loading",
  facts: null,
  tool: "brush",
  paintValue: 0,
  previousValue: 0,
  brushSize: 12,
  tolerance: 24,
  opacity: 0.5,
  areLabelsVisible: true,
  heat: "off",
  answers: "off",
  compare: "off",
  swipeAt: 0.5,
  hasPatterns: false,
  hidden: [],
  adjustment: AS_IT_IS,
  numUnlabelled: 0,
  counts: [],
  canUndo: false,
  canRedo: false,
  canGoBack: false,
  needsFix: false,
  isLeaseLost: false,
  outbox: "saved",
  draft: "saved",
  numPending: 0,
  numDone: 0,
  isSignedOut: false,
  storageTrouble: null,
  numOtherTabs: 0,
  isSecondTab: false,
  kept: [],
  panel: "none",
  isViewOpen: false,
  search: null,
  searchAt: 0,
};

const PREFERENCES_KEY = "segloop.annotate";

function preferences(): Partial<AnnotateState> {
  try {
    return JSON.parse(localStorage.getItem(PREFERENCES_KEY) ?? "{}") as Partial<AnnotateState>;
  } catch {
    return {};
  }
}

export const useAnnotate = create<AnnotateState>(() => INITIAL);

/** A fresh page: everything as at first, except what a person has set to their liking. */
export function resetAnnotateState(): void {
  useAnnotate.setState({ ...INITIAL, ...preferences() }, true);
}

export function rememberPreferences(): void {
  const { tolerance, opacity, hasPatterns } = useAnnotate.getState();
  localStorage.setItem(PREFERENCES_KEY, JSON.stringify({ tolerance, opacity, hasPatterns }));
}

/** One word for both ways of saving: answers on their way out and the draft of what is open. */
export function saveStateOf(state: Pick<AnnotateState, "outbox" | "draft" | "isSignedOut">): SaveState {
  if (state.isSignedOut || state.outbox === "offline" || state.draft === "offline") return "offline";
  return state.outbox === "saving" || state.draft === "saving" ? "saving" : "saved";
}

export function factsOf(work: RegionWork): RegionFacts {
  const { region_query, region, image } = work.assignment;
  return {
    assignmentId: work.id,
    rank: region_query.rank,
    score: region_query.score,
    purpose: region_query.purpose,
    topClasses: (region_query.reason?.top_classes ?? []).filter((index) => index >= 0),
    probs: region_query.reason?.probs ?? [],
    bbox: region.bbox.join(","),
    area: work.document.area,
    hasPrediction: work.document.prediction !== null,
    modelVersionId: work.assignment.model_version_id,
    hasSegments: work.segments !== null,
    filename: image.filename,
    imageId: image.id,
    image: { width: image.width, height: image.height },
    isRevisit: work.isSubmitted,
    returned: work.assignment.returned ?? null,
  };
}

/** The document's numbers as panels show them. */
export function countsOf(work: RegionWork, numClasses: number): Partial<AnnotateState> {
  const { document } = work;
  const counts = Array.from({ length: numClasses }, (_, index) => document.count(index));
  return {
    counts: [...counts, document.count(VOID)],
    numUnlabelled: document.numUnlabelled,
    canUndo: document.canUndo,
    canRedo: document.canRedo,
  };
}
