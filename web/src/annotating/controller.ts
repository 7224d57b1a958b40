import { keys, queryClient } from "@/api/queries";
import type { Project, Queue } from "@/api/types";
import { VOID } from "@/editing/labelMap";
import { texts } from "@/texts";
import { EffortWatch } from "./cost";
import { Desk, type Notices } from "./desk";
import { PaintTiming } from "./paintTiming";
import type { KeptWork } from "./records";
import type { RegionWork } from "./regionWork";
import { Saving } from "./saving";
import { AnnotateSession, type WaitingFor } from "./session";
import { factsOf, useAnnotate } from "./state";

const get = useAnnotate.getState;
const set = useAnnotate.setState;

/** Everything behind the annotate page: the desk, the flow of regions over it, saving. One per visit. */
export class AnnotateController {
  readonly desk: Desk;
  private session: AnnotateSession | null = null;
  private saving: Saving | null = null;
  private readonly timing = new PaintTiming();
  private readonly effort: EffortWatch;
  private isClosed = false;

  constructor(
    canvas: HTMLCanvasElement,
    private project: Project,
    private readonly userId: string,
    private readonly notices: Notices,
  ) {
    this.effort = new EffortWatch(window, () => this.session?.current?.cost ?? null);
    this.desk = new Desk(canvas, project, notices, {
      onEdited: (work) => {
        this.session?.touch();
        this.saving?.drafts.changed(work);
      },
      onRegionFilled: (work, value) => this.regionFilled(work, value),
      onActivity: () => this.session?.touch(),
    });
  }

  /** Open the browser's store, find the other tabs, and begin to take regions. */
  async start(): Promise<void> {
    const owner = { projectId: this.project.id, userId: this.userId };
    const saving = new Saving(
      owner,
      () => this.session,
      () => this.notices.info(texts.saving.kept.told),
    );
    this.saving = saving;
    await saving.open();
    if (this.isClosed) return;
    this.session = new AnnotateSession(saving, {
      onShow: (work, why) => this.show(work, why),
      onQueued: () => set({ outbox: "saving", numPending: get().numPending + 1 }),
      onUnlabelled: () => {
        set({ needsFix: true });
        this.desk.editor.flash();
      },
      onLeaseLost: (work) => {
        if (work.isTouched) set({ isLeaseLost: true });
        else this.notices.info(texts.saving.regionWent);
      },
      onLeaseBack: () => set({ isLeaseLost: false }),
      onFound: () => this.notices.info(texts.saving.foundNext),
      onError: (error) => this.notices.error(error),
    });
    window.addEventListener("pagehide", this.leave);
    await this.session.start();
  }

  private readonly leave = () => {
    this.session?.leave();
    // Should the browser bring this very page back, its leases are gone: begin again.
    window.addEventListener("pageshow", () => window.location.reload(), { once: true });
  };

  /** The person has signed in again: everything that waited for it goes on. */
  signedIn(): void {
    set({ isSignedOut: false });
    this.session?.reconnect();
  }

  async takeUp(kept: KeptWork): Promise<void> {
    try {
      await this.session?.takeUp(kept);
      set({ panel: "none" });
    } catch (error) {
      this.notices.error(error);
    }
  }

  async discard(kept: KeptWork): Promise<void> {
    try {
      await this.saving?.kept.discard(kept);
    } catch (error) {
      this.notices.error(error);
    }
  }

  putAside(): void {
    void this.session?.putAside().catch((error: unknown) => this.notices.error(error));
  }

  /** The project was changed meanwhile, its colours perhaps. */
  setProject(project: Project): void {
    this.project = project;
    this.desk.setProject(project);
  }

  /** The server says that something happened to the queue. */
  wake(): void {
    if (get().phase !== "working") this.session?.wake();
  }

  submit(): void {
    const { editor } = this.desk;
    if (editor.finishPolygon()) return;
    editor.finishStroke();
    const work = this.session?.current;
    const isRevisit = work?.isSubmitted === true;
    this.timing.submitted(this.effort.lastInputAt);
    if (!this.session?.submit() || isRevisit) return;
    set({ numDone: get().numDone + 1 });
    queryClient.setQueryData<Queue>(keys.part(this.project.id, "queue"), (queue) =>
      queue ? { ...queue, remaining: Math.max(0, queue.remaining - 1) } : queue,
    );
  }

  skip(reason: string): void {
    this.desk.editor.finishStroke();
    this.session?.skip(reason);
  }

  goBack(): void {
    this.desk.editor.finishStroke();
    void this.session?.previous();
  }

  goForward(): void {
    this.desk.editor.finishStroke();
    this.session?.next();
  }

  get canGoForward(): boolean {
    return this.session?.hasNext === true;
  }

  dispose(): void {
    this.isClosed = true;
    window.removeEventListener("pagehide", this.leave);
    this.effort.dispose();
    this.desk.dispose();
    this.session?.dispose();
    this.saving?.dispose();
  }

  /** A superpixel region given one class at once is a dominant answer; never one that others are measured with. */
  private regionFilled(work: RegionWork, value: number): void {
    const mayBeDominant =
      this.project.partition.kind === "superpixel" && work.assignment.region_query.purpose !== "audit";
    work.isDominant = mayBeDominant && value !== VOID;
  }

  private show(work: RegionWork | null, why: WaitingFor): void {
    this.desk.open(work);
    if (work) this.timing.shown(get().phase === "working");
    set({
      phase: work ? "working" : why,
      facts: work ? factsOf(work) : null,
      needsFix: false,
      isLeaseLost: work?.isLeaseLost ?? false,
      canGoBack: this.session?.hasPrevious ?? false,
    });
  }
}
