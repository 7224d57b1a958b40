import { assignments } from "@/api/endpoints";
import { ApiError } from "@/api/http";
import { toBase64 } from "@/editing/base64";
import { encodeGreyPng } from "@/editing/png";
import type { Drafts } from "./drafts";
import { isOnlyTab, Leases } from "./leases";
import type { Outbox } from "./outbox";
import { loadRegionWork, type RegionWork } from "./regionWork";
import type { KeptWork, LocalStore } from "./store";

/** Regions leased and loaded beyond the one on the table, so that Enter shows the next at once. */
const NUM_AHEAD = 2;
/** Submitted regions that can be gone back to. */
const NUM_PAST = 12;
const POLL_MS = 3_000;

export interface SessionEvents {
  /** Another region is on the table; null while there is none. `why` says what the page waits for. */
  onShow(work: RegionWork | null, why: "loading" | "empty"): void;
  /** An answer is being handed to the outbox, which will tell when the server has it. */
  onSubmit(): void;
  /** Enter was pressed with pixels still unlabelled. */
  onUnlabelled(work: RegionWork): void;
  onLeaseLost(work: RegionWork): void;
  /** Painted work was found in the browser whose lease ran out meanwhile. */
  onStaleWork(kept: KeptWork): void;
  onError(error: unknown): void;
}

/** The flow of regions past one person: taken ahead, shown, submitted in the background, gone back to. */
export class AnnotateSession {
  current: RegionWork | null = null;
  private ahead: RegionWork[] = [];
  private past: RegionWork[] = [];
  private isRefilling = false;
  /** What this browser held before comes first; only then are new regions taken. */
  private hasStarted = false;
  private isClosed = false;
  private markClosed: () => void = () => {};
  private readonly closed = new Promise<void>((resolve) => {
    this.markClosed = resolve;
  });
  private pollTimer: ReturnType<typeof setTimeout> | undefined;
  private readonly leases = new Leases(
    () => [...(this.current ? [this.current] : []), ...this.ahead],
    (work) => this.loseLease(work),
  );

  constructor(
    private readonly projectId: string,
    private readonly userId: string,
    private readonly store: LocalStore,
    private readonly drafts: Drafts,
    private readonly outbox: Outbox,
    private readonly events: SessionEvents,
  ) {}

  async start(): Promise<void> {
    this.events.onShow(null, "loading");
    this.outbox.kick();
    const lock = `segloop-annotate-${this.projectId}-${this.userId}`;
    if (await isOnlyTab(lock, this.closed)) await this.resume();
    this.hasStarted = true;
    this.leases.start();
    await this.refill();
  }

  /** A person is here: leases are worth renewing. */
  touch(): void {
    this.leases.touch();
    this.current?.timer.touch();
  }

  /** There may be new regions: ask now instead of at the next poll. */
  wake(): void {
    if (this.hasStarted) void this.refill();
  }

  get hasPrevious(): boolean {
    return this.past.length > 0;
  }

  get hasNext(): boolean {
    return this.current?.isSubmitted === true;
  }

  /** Submit what is on the table and show the next. Returns false when pixels are still unlabelled. */
  submit(): boolean {
    const work = this.current;
    if (!work) return false;
    if (work.document.numUnlabelled > 0) {
      this.events.onUnlabelled(work);
      return false;
    }
    this.events.onSubmit();
    work.timer.pause();
    this.drafts.forget(work);
    work.isSubmitted = true;
    void this.post(work);
    this.past = [...this.past.filter((other) => other !== work), work].slice(-NUM_PAST);
    this.showNext();
    return true;
  }

  async skip(reason: string): Promise<void> {
    const work = this.current;
    if (!work || work.isSubmitted) return;
    this.drafts.forget(work);
    this.showNext();
    try {
      await assignments.skip(work.id, reason);
      await this.store.dropWork(work.id);
    } catch (error) {
      this.events.onError(error);
    }
  }

  /** Back to the region submitted last; submitting it again makes a new version. */
  previous(): void {
    const work = this.past.pop();
    if (!work) return;
    if (this.current) {
      this.current.timer.pause();
      this.ahead.unshift(this.current);
    }
    work.reopen();
    this.show(work);
  }

  /** Forward again from a region that was gone back to. */
  next(): void {
    if (!this.current?.isSubmitted) return;
    this.past.push(this.current);
    this.showNext();
  }

  /** The browser leaves the page: what nobody has touched goes back at once, so that nobody waits for a lease. */
  leave(): void {
    for (const work of [...(this.current ? [this.current] : []), ...this.ahead]) {
      if (!work.isTouched && !work.isSubmitted) void assignments.giveBack(work.id).catch(() => {});
    }
  }

  dispose(): void {
    this.isClosed = true;
    this.markClosed();
    clearTimeout(this.pollTimer);
    this.leases.stop();
    const open = [...(this.current ? [this.current] : []), ...this.ahead];
    for (const work of open) {
      work.timer.pause();
      if (work.isTouched || work.isSubmitted) void this.drafts.keep(work);
      else void this.giveBack(work.id);
    }
  }

  private async post(work: RegionWork): Promise<void> {
    const labelMap = work.document.labelMap.slice();
    const seconds = Math.round(work.timer.seconds * 10) / 10;
    const png = await encodeGreyPng(labelMap, work.document);
    await this.outbox.add({
      assignmentId: work.id,
      projectId: this.projectId,
      body: {
        label_map_png: toBase64(png),
        seconds_spent: seconds,
        num_clicks: work.numClicks,
        kind: work.isDominant ? "dominant" : "exact",
      },
    });
  }

  private showNext(): void {
    const next = this.ahead.shift();
    if (next) this.show(next);
    else {
      this.current = null;
      this.events.onShow(null, "loading");
    }
    void this.refill();
  }

  private show(work: RegionWork): void {
    this.current = work;
    work.timer.touch();
    this.events.onShow(work, "loading");
  }

  /** Take regions until enough are ahead or the server has none. One at a time, so that they come in order. */
  private async refill(): Promise<void> {
    if (this.isRefilling || this.isClosed) return;
    this.isRefilling = true;
    clearTimeout(this.pollTimer);
    try {
      while (!this.isClosed && (this.current === null || this.ahead.length < NUM_AHEAD)) {
        const assignment = await assignments.take(this.projectId);
        if (!assignment) {
          if (this.current === null) this.events.onShow(null, "empty");
          this.poll();
          return;
        }
        await this.receive(() => loadRegionWork(assignment), assignment.id);
      }
    } catch (error) {
      this.events.onError(error);
      if (!(error instanceof ApiError && [403, 404].includes(error.status))) this.poll();
    } finally {
      this.isRefilling = false;
    }
  }

  private async receive(load: () => Promise<RegionWork>, assignmentId: string): Promise<void> {
    let work: RegionWork;
    try {
      work = await load();
    } catch (error) {
      await this.giveBack(assignmentId);
      throw error;
    }
    if (this.isClosed) {
      await this.giveBack(assignmentId);
      return;
    }
    if (this.current === null) this.show(work);
    else this.ahead.push(work);
  }

  private poll(): void {
    clearTimeout(this.pollTimer);
    if (!this.isClosed) this.pollTimer = setTimeout(() => void this.refill(), POLL_MS);
  }

  /** Regions a person was painting when the page was closed: the latest first on the table, as it was. */
  private async resume(): Promise<void> {
    for (const kept of await this.store.workOf(this.projectId, this.userId)) {
      if (this.isClosed) return;
      try {
        await assignments.renew(kept.assignmentId);
        await this.receive(() => loadRegionWork(kept.assignment, kept), kept.assignmentId);
      } catch (error) {
        if (!(error instanceof ApiError)) continue;
        this.events.onStaleWork(kept);
        await this.store.dropWork(kept.assignmentId);
      }
    }
  }

  private async giveBack(assignmentId: string): Promise<void> {
    try {
      await this.store.dropWork(assignmentId);
      await assignments.giveBack(assignmentId);
    } catch {
      // The lease runs out by itself.
    }
  }

  /** Tell about the region on the table; others were never seen and go quietly. */
  loseLease(work: RegionWork): void {
    work.isLeaseLost = true;
    if (work === this.current || work.isTouched) this.events.onLeaseLost(work);
    else this.ahead = this.ahead.filter((other) => other !== work);
  }
}
