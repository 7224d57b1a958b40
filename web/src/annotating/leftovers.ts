import { assignments, projects } from "@/api/endpoints";
import type { Assignment, DraftItem } from "@/api/types";
import { fromBase64 } from "@/editing/base64";
import { pack } from "@/editing/packedMap";
import { decodePng } from "@/editing/png";
import { NO_COST } from "./cost";
import { costOf, type KeptWorks } from "./keptWorks";
import { isRefusal } from "./outbox";
import type { HeldWork } from "./records";
import type { LocalStore } from "./store";
import type { Tabs } from "./tabs";

/** A draft the server got this recently is being painted at this moment, in another browser. */
const ACTIVE_SECONDS = 5;

/** What somebody left behind: a tab of this browser that was closed or crashed, or another browser. */
export class Leftovers {
  constructor(
    private readonly store: LocalStore,
    private readonly owner: { readonly projectId: string; readonly userId: string },
    private readonly tabs: Tabs,
    private readonly kept: KeptWorks,
  ) {}

  /** Regions that closed tabs held: from now on this tab's. Painted ones first. */
  ofClosedTabs(): Promise<HeldWork[]> {
    return this.store.takeOver(this.owner, this.tabs.id, (tabId) => this.tabs.isAlive(tabId));
  }

  /** Drafts that only the server has. Those that can be gone on with are held now, the others kept aside. */
  async ofServer(): Promise<HeldWork[]> {
    const { items } = await projects.drafts(this.owner.projectId);
    const known = await this.knownIds();
    const found: HeldWork[] = [];
    for (const draft of items) {
      if (known.has(draft.assignment_id)) continue;
      const held = await this.fetch(draft);
      if (draft.age_seconds < ACTIVE_SECONDS) await this.kept.keepHeld(held, "elsewhere");
      else if (draft.is_late_answer || !(await canRenew(held.assignmentId)))
        await this.kept.keepHeld(held, "taken");
      else {
        await this.store.hold(held);
        found.push(held);
      }
    }
    return found;
  }

  /** Regions the server gave out in an answer that never arrived. */
  async unseen(): Promise<HeldWork[]> {
    const { items } = await assignments.held(this.owner.projectId);
    const known = await this.knownIds();
    const unseen = items.filter(({ id }) => !known.has(id));
    const works = unseen.map((assignment) => this.recordOf(assignment));
    for (const held of works) await this.store.hold(held);
    return works;
  }

  private async knownIds(): Promise<Set<string>> {
    const { projectId, userId } = this.owner;
    const pending = await this.store.pending(userId);
    const kept = await this.kept.list();
    const held = await this.store.heldIds(projectId, userId);
    return new Set([...held, ...[...pending, ...kept].map(({ assignmentId }) => assignmentId)]);
  }

  private async fetch(draft: DraftItem): Promise<HeldWork> {
    const assignment = await assignments.get(draft.assignment_id);
    const { label_map_png, ...fields } = await assignments.draft(draft.assignment_id);
    const { samples, ...size } = await decodePng(fromBase64(label_map_png));
    const labelMap = pack(Uint8Array.from(samples), size);
    return { ...this.recordOf(assignment), labelMap, cost: costOf(fields) };
  }

  private recordOf(assignment: Assignment): HeldWork {
    return {
      assignmentId: assignment.id,
      ...this.owner,
      tabId: this.tabs.id,
      assignment,
      labelMap: null,
      cost: NO_COST,
      isRevision: false,
      savedAt: Date.now(),
    };
  }
}

export async function canRenew(assignmentId: string): Promise<boolean> {
  try {
    await assignments.renew(assignmentId);
    return true;
  } catch (error) {
    if (isRefusal(error)) return false;
    throw error;
  }
}
