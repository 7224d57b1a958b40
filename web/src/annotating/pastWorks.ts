import type { Assignment } from "@/api/types";
import { type PackedMap, unpack } from "@/editing/packedMap";
import { NO_COST } from "./cost";
import { loadRegionWork, type RegionWork } from "./regionWork";

/** Submitted regions that can be gone back to. */
const NUM_PAST = 12;
/** Of those, how many stay as they are, with pictures and undo; the others are loaded again when asked for. */
const NUM_OPEN = 2;

interface Shelved {
  readonly assignment: Assignment;
  readonly labelMap: PackedMap;
}

/** What was submitted, the latest last. Holds little: a sitting of hundreds of regions must not fill the memory. */
export class PastWorks {
  private shelved: Shelved[] = [];
  private open: RegionWork[] = [];

  get length(): number {
    return this.shelved.length + this.open.length;
  }

  push(work: RegionWork): void {
    this.shelved = this.shelved.filter(({ assignment }) => assignment.id !== work.id);
    this.open = [...this.open.filter((other) => other !== work), work];
    while (this.open.length > NUM_OPEN) this.shelve(this.open.shift() as RegionWork);
    this.shelved = this.shelved.slice(-(NUM_PAST - NUM_OPEN));
  }

  /** The latest, taken from the list; null when there is none. */
  async pop(): Promise<RegionWork | null> {
    const work = this.open.pop();
    if (work) return work;
    const shelved = this.shelved.at(-1);
    if (!shelved) return null;
    const labelMap = unpack(shelved.labelMap);
    const loaded = await loadRegionWork(shelved.assignment, { labelMap, cost: NO_COST });
    this.shelved = this.shelved.filter((other) => other !== shelved);
    loaded.isSubmitted = true;
    return loaded;
  }

  dispose(): void {
    for (const work of this.open) work.dispose();
  }

  private shelve(work: RegionWork): void {
    this.shelved.push({ assignment: work.assignment, labelMap: work.packed() });
    work.dispose();
  }
}
