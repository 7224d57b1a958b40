import { assignments } from "@/api/endpoints";
import { NetworkError } from "@/api/http";
import type { Assignment } from "@/api/types";
import { pack } from "@/editing/packedMap";
import { NO_COST } from "./cost";
import { labelMapOf, reasonOf } from "./keptWorks";
import { canRenew } from "./leftovers";
import { isRefusal, mayPass } from "./outbox";
import { type HeldWork, type KeptWork, progressOf, sizeOf } from "./records";
import { loadRegionWork, type RegionWork } from "./regionWork";
import type { SessionParts } from "./session";

export interface OpenedWork {
  readonly work: RegionWork;
  /** It was left by a closed tab or another browser. */
  readonly isFound: boolean;
}

/** Where the next region comes from: first what was left somewhere, then the server's queue. */
export class Opening {
  private left: HeldWork[] = [];
  private areTabsUnknown = true;
  private isServerUnknown = true;
  /** A request for a region got no answer: the server may have given one out. */
  private mayHoldUnseen = false;

  constructor(
    private readonly parts: SessionParts,
    /** The open region that answers a query, if there is one. */
    private readonly openWork: (queryId: string) => RegionWork | undefined,
    private readonly onLeaseBack: (work: RegionWork) => void,
  ) {}

  /** Somebody painted on a region that is not open yet: it must not wait until there is room. */
  get hasPainted(): boolean {
    return this.left.some((held) => held.labelMap !== null);
  }

  /** There is a place where nobody has looked for what was left. */
  get mayFindMore(): boolean {
    return this.areTabsUnknown || this.isServerUnknown || this.mayHoldUnseen;
  }

  lookForLeftovers(): void {
    this.areTabsUnknown = true;
  }

  /** The next region, loaded; null when there is none. What fails to load by the network is tried again. */
  async next(): Promise<OpenedWork | null> {
    for (let held = this.left[0]; held; held = this.left[0]) {
      const work = await this.reopen(held);
      this.left.shift();
      if (work) return { work, isFound: true };
    }
    const work = await this.takeNew();
    return work && { work, isFound: false };
  }

  /** Kept work with the region it belongs to, whether or not that can still be answered. */
  async openKept(kept: KeptWork): Promise<RegionWork> {
    const assignment = await assignments.get(kept.assignmentId);
    const isLeased = kept.isRevision || (await canRenew(kept.assignmentId));
    const labelMap = await labelMapOf(kept);
    const work = await loadRegionWork(assignment, { labelMap, cost: kept.cost });
    work.isSubmitted = kept.isRevision;
    work.isLeaseLost = !isLeased;
    await this.parts.store.hold(this.recordOf(work));
    return work;
  }

  recordOf(work: RegionWork): HeldWork {
    return {
      assignmentId: work.id,
      ...this.parts.owner,
      assignment: work.assignment,
      labelMap: work.isTouched ? work.packed() : null,
      cost: work.cost.cost,
      isRevision: work.isSubmitted,
      savedAt: Date.now(),
    };
  }

  async giveBack(assignmentId: string): Promise<void> {
    const gone = assignments.giveBack(assignmentId);
    await this.parts.store.letGo(assignmentId);
    await gone.catch(() => {}); // The lease runs out by itself.
  }

  /** Look for what was left, where nobody has looked yet. */
  async collect(): Promise<void> {
    if (this.areTabsUnknown) {
      this.areTabsUnknown = false;
      this.left.push(...(await this.parts.leftovers.ofClosedTabs()));
    }
    if (this.isServerUnknown) {
      this.left.push(...(await this.parts.leftovers.ofServer()));
      this.isServerUnknown = false;
    }
    if (this.mayHoldUnseen) {
      this.left.push(...(await this.parts.leftovers.unseen()));
      this.mayHoldUnseen = false;
    }
  }

  /** A region held before; null when it is somebody else's now, and what was painted is kept aside. */
  private async reopen(held: HeldWork): Promise<RegionWork | null> {
    try {
      if (!held.isRevision) await assignments.renew(held.assignmentId);
      const work = await loadRegionWork(held.assignment, progressOf(held));
      work.isSubmitted = held.isRevision;
      return work;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      await this.parts.kept.keepHeld(held, reasonOf(error, held.isRevision));
      await this.parts.store.letGo(held.assignmentId);
      return null;
    }
  }

  private async takeNew(): Promise<RegionWork | null> {
    const assignment = await this.ask();
    if (!assignment) return null;
    const open = this.openWork(assignment.region_query.id);
    if (open) {
      await this.leaseAgain(open, assignment);
      return this.takeNew();
    }
    const { owner, store, kept } = this.parts;
    const earlier = (await kept.list()).find(({ queryId }) => queryId === assignment.region_query.id);
    const labelMap = earlier ? pack(await labelMapOf(earlier), sizeOf(assignment)) : null;
    const held: HeldWork = {
      assignmentId: assignment.id,
      ...owner,
      assignment,
      labelMap,
      cost: earlier?.cost ?? NO_COST,
      isRevision: false,
      savedAt: Date.now(),
    };
    await store.hold(held);
    if (earlier) await kept.drop(earlier.assignmentId);
    return this.load(held);
  }

  /** The lease of an open region had run out, and the server has just given it out again: to us. */
  private async leaseAgain(work: RegionWork, assignment: Assignment): Promise<void> {
    const { id: before } = work;
    work.assignment = assignment;
    work.isLeaseLost = false;
    await this.parts.store.hold(this.recordOf(work));
    await this.parts.store.letGo(before);
    this.onLeaseBack(work);
  }

  private async ask() {
    try {
      return await assignments.take(this.parts.owner.projectId);
    } catch (error) {
      if (error instanceof NetworkError) this.mayHoldUnseen = true;
      throw error;
    }
  }

  /** Load what was just leased. What the network hinders comes first the next time; what is broken goes back. */
  private async load(held: HeldWork): Promise<RegionWork> {
    try {
      return await loadRegionWork(held.assignment, progressOf(held));
    } catch (error) {
      if (mayPass(error)) this.left.push(held);
      else await this.giveBack(held.assignmentId);
      throw error;
    }
  }
}
