import { assignments } from "@/api/endpoints";
import { toBase64 } from "@/editing/base64";
import { encodeGreyPng } from "@/editing/png";
import { costFields } from "./cost";
import { isRefusal } from "./outbox";
import type { RegionWork } from "./regionWork";
import type { LocalStore } from "./store";

/** While somebody paints, the browser writes what is new at once; after a large region it rests a little longer. */
const restMs = ({ document }: RegionWork) => Math.min(100, document.labelMap.length / 10_000);
/** The server gets a draft this long after the first stroke it does not have. */
const SERVER_DELAY_MS = 3_000;

export type DraftState = "saved" | "saving" | "offline";

export interface DraftEvents {
  onState(state: DraftState): void;
  onLeaseLost(work: RegionWork): void;
}

/** Keeps what is painted: in the browser at every stroke, on the server every few seconds. */
export class Drafts {
  private readonly unkept = new Set<RegionWork>();
  private readonly unsent = new Set<RegionWork>();
  private isWriting = false;
  private serverTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly store: LocalStore,
    private readonly owner: { readonly projectId: string; readonly userId: string; readonly tabId: string },
    private readonly events: DraftEvents,
  ) {}

  /** A person changed the work. */
  changed(work: RegionWork): void {
    this.unkept.add(work);
    if (!this.isWriting) void this.writeUnkept();
    // The server has the answer this one changes, and takes no draft beside it.
    if (work.isSubmitted) return;
    this.unsent.add(work);
    this.events.onState("saving");
    this.serverTimer ??= setTimeout(() => void this.flush(), SERVER_DELAY_MS);
  }

  /** Write the work to the browser's store now. */
  async keep(work: RegionWork): Promise<void> {
    this.unkept.delete(work);
    await this.store.hold({
      assignmentId: work.id,
      ...this.owner,
      assignment: work.assignment,
      labelMap: work.isTouched ? work.packed() : null,
      cost: work.cost.cost,
      isRevision: work.isSubmitted,
      savedAt: Date.now(),
    });
  }

  /** The page may go away any moment: start every write there is to do. */
  keepAll(): void {
    for (const work of [...this.unkept]) void this.keep(work);
  }

  /** The outbox has the work now: no draft of it may follow. */
  forget(work: RegionWork): void {
    this.unkept.delete(work);
    this.unsent.delete(work);
    if (this.unsent.size > 0) return;
    clearTimeout(this.serverTimer);
    this.serverTimer = undefined;
    this.events.onState("saved");
  }

  /** The server may be there again: send what it does not have. */
  kick(): void {
    if (this.unsent.size > 0) void this.flush();
  }

  /** Leave nothing behind: the browser gets the rest, and the server too. */
  dispose(): void {
    this.keepAll();
    void this.flush(true);
  }

  private async writeUnkept(): Promise<void> {
    this.isWriting = true;
    while (this.unkept.size > 0) {
      const works = [...this.unkept];
      await Promise.all(works.map((work) => this.keep(work)));
      await new Promise((next) => setTimeout(next, Math.max(...works.map(restMs))));
    }
    this.isWriting = false;
  }

  private async flush(isLast = false): Promise<void> {
    clearTimeout(this.serverTimer);
    this.serverTimer = undefined;
    let state: DraftState = "saved";
    for (const work of [...this.unsent]) {
      this.unsent.delete(work);
      if (!work.isSubmitted && !(await this.send(work))) {
        this.unsent.add(work);
        state = "offline";
      }
    }
    if (isLast) return;
    if (this.unsent.size > 0) this.serverTimer ??= setTimeout(() => void this.flush(), SERVER_DELAY_MS);
    this.events.onState(this.unsent.size > 0 && state === "saved" ? "saving" : state);
  }

  /** Returns false when it should be tried again. */
  private async send(work: RegionWork): Promise<boolean> {
    try {
      const png = await encodeGreyPng(work.document.labelMap, work.document);
      await assignments.saveDraft(work.id, { label_map_png: toBase64(png), ...costFields(work.cost.cost) });
      return true;
    } catch (error) {
      if (!isRefusal(error)) return false;
      if ([404, 409].includes(error.status) && !work.isSubmitted) this.events.onLeaseLost(work);
      return true;
    }
  }
}
