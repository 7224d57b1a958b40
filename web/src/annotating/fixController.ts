import type { FixBody, Project } from "@/api/types";
import { VOID } from "@/editing/labelMap";
import { EffortWatch } from "./cost";
import { Desk, type Notices } from "./desk";
import type { RegionWork } from "./regionWork";
import { factsOf, useAnnotate } from "./state";

const set = useAnnotate.setState;

/** What becomes of a corrected answer. */
export interface FixTarget {
  load(): Promise<RegionWork>;
  bodyOf(work: RegionWork): Promise<FixBody>;
  /** Returns false where nothing was saved. */
  save(body: FixBody): Promise<boolean>;
  close(): void;
}

/** One answer on the desk to be corrected: by a reviewer, or by who gave it. */
export class FixController {
  readonly desk: Desk;
  private readonly effort: EffortWatch;
  private isClosed = false;

  constructor(
    canvas: HTMLCanvasElement,
    project: Project,
    private readonly target: FixTarget,
    private readonly notices: Notices,
  ) {
    this.effort = new EffortWatch(window, () => this.desk.work?.cost ?? null);
    this.desk = new Desk(canvas, project, notices, {
      onEdited: () => {},
      onRegionFilled: (work, value) => {
        work.isDominant = value !== VOID;
      },
      onActivity: () => this.desk.work?.cost.timer.touch(),
    });
  }

  async start(): Promise<void> {
    const work = await this.target.load();
    if (this.isClosed) return work.dispose();
    work.cost.timer.touch();
    this.desk.open(work);
    set({ phase: "working", facts: factsOf(work) });
  }

  /** Enter: close a polygon, else save, unless pixels are still without a class. */
  async save(): Promise<void> {
    const { work, editor } = this.desk;
    if (!work || editor.finishPolygon()) return;
    editor.finishStroke();
    if (work.document.numUnlabelled > 0) {
      set({ needsFix: true });
      return editor.flash();
    }
    try {
      if (await this.target.save(await this.target.bodyOf(work))) this.target.close();
    } catch (error) {
      this.notices.error(error);
    }
  }

  /** Esc: what is half done or open first, then the editor itself. */
  cancel(): void {
    if (!this.desk.cancel()) this.target.close();
  }

  dispose(): void {
    this.isClosed = true;
    this.effort.dispose();
    const { work } = this.desk;
    this.desk.dispose();
    work?.dispose();
  }
}
