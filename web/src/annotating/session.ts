import { ApiError, NetworkError } from "@/api/http";
import { toBase64 } from "@/editing/base64";
import { encodeGreyPng } from "@/editing/png";
import { costFields } from "./cost";
import type { Drafts } from "./drafts";
import type { KeptWorks } from "./keptWorks";
import { Leases } from "./leases";
import type { Leftovers } from "./leftovers";
import { type OpenedWork, Opening } from "./opening";
import { mayPass, type Outbox } from "./outbox";
import { PastWorks } from "./pastWorks";
import { type KeptWork, placeOf } from "./records";
import type { RegionWork } from "./regionWork";
import type { LocalStore } from "./store";

/** Regions leased and loaded beyond the one on the table, so that Enter shows the next at once. */
const NUM_AHEAD = 3;
const POLL_MS = 3_000;

/** What the page waits for while no region is on the table. */
export type WaitingFor = "loading" | "empty" | "unreachable";

export interface SessionEvents {
  /** Another region is on the table; null while there is none, and why. */
  onShow(work: RegionWork | null, why: WaitingFor): void;
  /** Something is being handed to the outbox, which will tell when the server has it. */
  onQueued(): void;
  /** Enter was pressed with pixels still unlabelled. */
  onUnlabelled(work: RegionWork): void;
  /** The region on the table is somebody else's now; one that nobody painted on leaves the table. */
  onLeaseLost(work: RegionWork): void;
  /** The region on the table is ours again. */
  onLeaseBack(): void;
  /** Painted work of a closed tab or another browser was found. It waits behind what is on the table. */
  onFound(): void;
  onError(error: unknown): void;
}

export interface SessionParts {
  readonly owner: { readonly projectId: string; readonly userId: string; readonly tabId: string };
  readonly store: LocalStore;
  readonly drafts: Drafts;
  readonly outbox: Outbox;
  readonly kept: KeptWorks;
  readonly leftovers: Leftovers;
}

/** The flow of regions past one person: taken ahead, shown, submitted in the background, gone back to. */
export class AnnotateSession {
  current: RegionWork | null = null;
  private ahead: RegionWork[] = [];
  private readonly past = new PastWorks();
  private readonly opening: Opening;
  private readonly leases: Leases;
  private isRefilling = false;
  private isGoingBack = false;
  private wasUnreachable = false;
  private hasStarted = false;
  private isClosed = false;
  private pollTimer: ReturnType<typeof setTimeout> | undefined;
  /** Answers are packed and queued one after the other, so that they go out in the order they were given. */
  private queueing: Promise<void> = Promise.resolve();

  constructor(
    private readonly parts: SessionParts,
    private readonly events: SessionEvents,
  ) {
    this.opening = new Opening(
      parts,
      (queryId) => this.openWorks.find((work) => work.assignment.region_query.id === queryId),
      (work) => work === this.current && this.events.onLeaseBack(),
    );
    this.leases = new Leases(
      () => this.openWorks,
      (work) => this.loseLease(work),
    );
  }

  /** What this browser and this person held before comes first; only then are new regions taken. */
  async start(): Promise<void> {
    this.events.onShow(null, "loading");
    this.parts.outbox.kick();
    await this.parts.kept.refresh();
    this.hasStarted = true;
    this.leases.start();
    await this.refill();
  }

  /** A person is here: leases are worth renewing. */
  touch(): void {
    this.leases.touch();
    this.current?.cost.timer.touch();
  }

  /** There may be new regions: ask now instead of at the next poll. */
  wake(): void {
    if (this.hasStarted) void this.refill();
  }

  /** The server answers again, or the person has signed in again: everything that waited for it goes on. */
  reconnect(): void {
    this.parts.outbox.kick();
    this.parts.drafts.kick();
    this.leases.renewNow();
    this.wake();
  }

  /** A tab was closed: take over what it left. */
  adopt(): void {
    this.opening.lookForLeftovers();
    this.wake();
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
    work.cost.timer.pause();
    this.queueAnswer(work);
    work.isSubmitted = true;
    this.past.push(work);
    this.showNext();
    return true;
  }

  skip(reason: string): void {
    const work = this.current;
    if (!work || work.isSubmitted) return;
    this.parts.drafts.forget(work);
    this.enqueue(() => this.parts.outbox.add({ ...this.ownedBy(work), what: { kind: "skip", reason } }));
    this.showNext();
    work.dispose();
  }

  /** Put the region aside with what is painted on it, and go on with the next. */
  async putAside(): Promise<void> {
    const work = this.current;
    if (!work || work.isSubmitted) return;
    this.parts.drafts.forget(work);
    const reason = work.isLeaseLost ? "taken" : "aside";
    await this.parts.kept.keepHeld(this.opening.recordOf(work), reason);
    this.showNext();
    work.dispose();
  }

  /** Put kept work on the table again. What lies there waits behind it. */
  async takeUp(kept: KeptWork): Promise<void> {
    const work = await this.opening.openKept(kept);
    if (this.isClosed) return;
    this.makeRoom();
    this.show(work);
    this.parts.drafts.changed(work);
    await this.parts.kept.drop(kept.assignmentId);
  }

  /** Back to the region submitted last; submitting it again makes a new version. */
  async previous(): Promise<void> {
    if (this.isGoingBack) return;
    this.isGoingBack = true;
    try {
      const work = await this.past.pop();
      if (!work || this.isClosed) return;
      this.makeRoom();
      work.reopen();
      this.show(work);
    } catch (error) {
      this.events.onError(error);
    } finally {
      this.isGoingBack = false;
    }
  }

  /** Forward again from a region that was gone back to. */
  next(): void {
    if (!this.current?.isSubmitted) return;
    this.past.push(this.current);
    this.showNext();
  }

  /** The browser leaves the page: keep what is painted; the rest goes back, so that nobody waits for a lease. */
  leave(): void {
    this.parts.drafts.keepAll();
    for (const work of this.openWorks) {
      if (!work.isTouched && !work.isSubmitted) void this.opening.giveBack(work.id);
    }
  }

  dispose(): void {
    this.isClosed = true;
    clearTimeout(this.pollTimer);
    this.leases.stop();
    this.leave();
    for (const work of this.openWorks) work.dispose();
    this.past.dispose();
  }

  /** Tell about the region on the table; others were never seen and go quietly, unless somebody painted on them. */
  loseLease(work: RegionWork): void {
    work.isLeaseLost = true;
    if (work === this.current) this.events.onLeaseLost(work);
    if (!work.isTouched) {
      if (work === this.current) this.showNext();
      this.ahead = this.ahead.filter((other) => other !== work);
      void this.parts.store.letGo(work.id);
      work.dispose();
    }
  }

  private get openWorks(): RegionWork[] {
    return [...(this.current ? [this.current] : []), ...this.ahead];
  }

  private get wantsMore(): boolean {
    return this.ahead.length < NUM_AHEAD || this.opening.hasPainted;
  }

  private ownedBy(work: RegionWork) {
    const { projectId, userId } = this.parts.owner;
    return { assignmentId: work.id, projectId, userId };
  }

  /** What is on the table waits as the next. */
  private makeRoom(): void {
    if (!this.current) return;
    this.current.cost.timer.pause();
    this.ahead.unshift(this.current);
  }

  private queueAnswer(work: RegionWork): void {
    this.parts.drafts.forget(work);
    const labelMap = work.document.labelMap.slice();
    const cost = costFields(work.cost.cost);
    const kind = work.isDominant ? "dominant" : "exact";
    const { isSubmitted: isRevision } = work;
    this.enqueue(async () => {
      const body = {
        label_map_png: toBase64(await encodeGreyPng(labelMap, work.document)),
        ...cost,
        kind,
      } as const;
      const what = { kind: "answer", body, isRevision, ...placeOf(work.assignment) } as const;
      await this.parts.outbox.add({ ...this.ownedBy(work), what });
    });
  }

  private enqueue(add: () => Promise<void>): void {
    this.events.onQueued();
    this.queueing = this.queueing.then(add).catch((error: unknown) => this.events.onError(error));
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
    work.cost.timer.touch();
    this.events.onShow(work, "loading");
  }

  /** Take regions until enough are ahead or the server has none. One at a time, so that they come in order. */
  private async refill(): Promise<void> {
    if (this.isRefilling || this.isClosed) return;
    this.isRefilling = true;
    clearTimeout(this.pollTimer);
    try {
      await this.sendFirst();
      while (!this.isClosed && (this.opening.mayFindMore || this.wantsMore)) {
        await this.opening.collect();
        if (!this.wantsMore) continue;
        const opened = await this.opening.next();
        if (!opened) {
          this.waitFor("empty");
          return;
        }
        this.receive(opened);
      }
    } catch (error) {
      this.failed(error);
    } finally {
      this.isRefilling = false;
    }
  }

  /**
   * After a time without a server, answers go out before regions are taken: leases that ran out meanwhile would
   * be given out anew, to ourselves.
   */
  private async sendFirst(): Promise<void> {
    if (!this.wasUnreachable) return;
    if (!(await this.parts.outbox.flush())) throw new NetworkError();
    this.wasUnreachable = false;
  }

  private receive({ work, isFound }: OpenedWork): void {
    if (this.isClosed) {
      work.dispose();
      if (!work.isTouched) void this.opening.giveBack(work.id);
      return;
    }
    const isPainted = isFound && work.isTouched;
    if (isPainted) this.parts.drafts.changed(work); // the server may not have the last strokes
    if (this.current === null) this.show(work);
    else if (isPainted) {
      this.ahead.unshift(work);
      this.events.onFound();
    } else this.ahead.push(work);
  }

  private failed(error: unknown): void {
    if (!mayPass(error)) this.events.onError(error);
    if (error instanceof ApiError && [403, 404].includes(error.status)) return;
    this.wasUnreachable = true;
    this.waitFor("unreachable");
  }

  private waitFor(why: WaitingFor): void {
    if (this.isClosed) return;
    if (this.current === null) this.events.onShow(null, why);
    clearTimeout(this.pollTimer);
    this.pollTimer = setTimeout(() => void this.refill(), POLL_MS);
  }
}
