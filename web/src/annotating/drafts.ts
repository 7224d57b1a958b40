import { assignments } from "@/api/endpoints";
import { ApiError, NetworkError } from "@/api/http";
import { toBase64 } from "@/editing/base64";
import { encodeGreyPng } from "@/editing/png";
import type { RegionWork } from "./regionWork";
import type { LocalStore } from "./store";

/** After a stroke the browser keeps it this soon; strokes in quick succession are kept together. */
const LOCAL_DELAY_MS = 120;
/** The server gets a draft this long after the first stroke it does not have. */
const SERVER_DELAY_MS = 3_000;

export type DraftState = "saved" | "saving" | "offline";

/** Keeps what is painted: in the browser at every stroke, on the server every few seconds. */
export class Drafts {
  private localTimer: ReturnType<typeof setTimeout> | undefined;
  private serverTimer: ReturnType<typeof setTimeout> | undefined;
  private readonly unsent = new Set<RegionWork>();

  constructor(
    private readonly store: LocalStore,
    private readonly owner: { readonly projectId: string; readonly userId: string },
    private readonly events: { onState(state: DraftState): void; onLeaseLost(work: RegionWork): void },
  ) {}

  /** A person changed the work. */
  changed(work: RegionWork): void {
    clearTimeout(this.localTimer);
    this.localTimer = setTimeout(() => void this.keep(work), LOCAL_DELAY_MS);
    this.unsent.add(work);
    this.events.onState("saving");
    this.serverTimer ??= setTimeout(() => void this.flush(), SERVER_DELAY_MS);
  }

  /** Write the work to the browser's store now. */
  async keep(work: RegionWork): Promise<void> {
    if (work.isSubmitted) return;
    await this.store.keepWork({
      assignmentId: work.id,
      ...this.owner,
      assignment: work.assignment,
      labelMap: work.document.labelMap.slice(),
      seconds: work.timer.seconds,
      numClicks: work.numClicks,
      savedAt: Date.now(),
    });
  }

  /** The outbox has the work now: no draft of it may follow. */
  forget(work: RegionWork): void {
    clearTimeout(this.localTimer);
    this.unsent.delete(work);
    if (this.unsent.size > 0) return;
    clearTimeout(this.serverTimer);
    this.serverTimer = undefined;
    this.events.onState("saved");
  }

  dispose(): void {
    clearTimeout(this.localTimer);
    clearTimeout(this.serverTimer);
    for (const work of this.unsent) void this.keep(work);
  }

  private async flush(): Promise<void> {
    this.serverTimer = undefined;
    let state: DraftState = "saved";
    for (const work of [...this.unsent]) {
      this.unsent.delete(work);
      if (!work.isSubmitted && !(await this.send(work))) {
        this.unsent.add(work);
        state = "offline";
      }
    }
    if (this.unsent.size > 0) this.serverTimer ??= setTimeout(() => void this.flush(), SERVER_DELAY_MS);
    this.events.onState(this.unsent.size > 0 && state === "saved" ? "saving" : state);
  }

  /** Returns false when it should be tried again. */
  private async send(work: RegionWork): Promise<boolean> {
    try {
      const png = await encodeGreyPng(work.document.labelMap, work.document);
      await assignments.saveDraft(work.id, {
        label_map_png: toBase64(png),
        seconds_spent: work.timer.seconds,
        num_clicks: work.numClicks,
      });
      return true;
    } catch (error) {
      if (error instanceof ApiError && (error.status === 409 || error.status === 404)) {
        this.events.onLeaseLost(work);
        return true;
      }
      return !(error instanceof NetworkError || (error instanceof ApiError && error.status >= 500));
    }
  }
}
