import { keys, queryClient } from "@/api/queries";
import type { Project, Queue } from "@/api/types";
import { VOID } from "@/editing/labelMap";
import { texts } from "@/texts";
import { Editor } from "@/tools/editor";
import type { ToolId } from "@/tools/tool";
import { makePalette, type Palette } from "@/viewer/colors";
import { clamp } from "@/viewer/geometry";
import { loadCertainty } from "./certainty";
import { EffortWatch } from "./cost";
import { Looks, placeRegion } from "./looks";
import { PaintTiming } from "./paintTiming";
import type { KeptWork } from "./records";
import type { RegionWork } from "./regionWork";
import { Saving } from "./saving";
import { AnnotateSession, type WaitingFor } from "./session";
import { countsOf, factsOf, rememberPreferences, resetAnnotateState, useAnnotate } from "./state";
import { useToolOptions } from "./toolOptions";

/** Pictures are loaded once the view has rested this long. */
const LOOK_AFTER_MS = 120;

export interface Notices {
  error(error: unknown, title?: string): void;
  info(text: string, title?: string): void;
}

const get = useAnnotate.getState;
const set = useAnnotate.setState;

/** Who picks a class while one of these is in hand wants to paint with it. */
const TOOLS_WITHOUT_CLASS: ReadonlySet<ToolId> = new Set(["pick", "eraser", "copy"]);

/** Everything behind the annotate page: the editor on its canvas, the flow of regions, saving. One per visit. */
export class AnnotateController {
  readonly editor: Editor;
  readonly looks: Looks;
  private session: AnnotateSession | null = null;
  private saving: Saving | null = null;
  private palette: Palette;
  private readonly timing = new PaintTiming();
  private readonly effort: EffortWatch;
  private hasChosenTool = false;
  private hasChosenSize = false;
  private isClosed = false;
  private countsFrame = 0;
  private lookTimer: ReturnType<typeof setTimeout> | undefined;
  private readonly stopFollowing = useToolOptions.subscribe(() => this.followOptions());

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private project: Project,
    private readonly userId: string,
    private readonly notices: Notices,
  ) {
    resetAnnotateState();
    this.palette = makePalette(project.label_classes.map((label_class) => label_class.color));
    this.effort = new EffortWatch(window, () => this.session?.current?.cost ?? null);
    this.editor = new Editor(canvas, {
      onEdit: (patch) => {
        const work = this.session?.current;
        if (work && patch && patch.origin !== "server") this.edited(work);
        else this.showCounts();
      },
      onView: (view) => {
        canvas.dataset.imageToScreen = view.matrix.join(",");
        placeRegion(canvas, this.session?.current ?? null, view);
        this.lookAround();
      },
      onPick: (value) => this.setPaintValue(value),
      onRegionFilled: (value) => this.regionFilled(value),
      onActivity: () => this.session?.touch(),
    });
    // A stroke can be undone once it has ended, which changes no pixel.
    canvas.addEventListener("pointerup", () => this.showCounts());
    this.editor.settings.tolerance = get().tolerance;
    this.looks = new Looks(this.editor, () => this.session?.current ?? null, notices);
    this.followOptions();
    this.setPaintValue(this.classIndices[0] ?? 0);
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
        this.editor.flash();
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

  /** Classes that can be painted: those that were not merged into others. */
  get classIndices(): number[] {
    return this.project.label_classes.filter((c) => c.merged_into === null).map((c) => c.index);
  }

  get partitionKind(): Project["partition"]["kind"] {
    return this.project.partition.kind;
  }

  /** The project was changed meanwhile, its colours perhaps. */
  setProject(project: Project): void {
    this.project = project;
    this.palette = makePalette(project.label_classes.map((label_class) => label_class.color));
  }

  /** The server says that something happened to the queue. */
  wake(): void {
    if (get().phase !== "working") this.session?.wake();
  }

  setTool(tool: ToolId): void {
    this.hasChosenTool = true;
    this.editor.setTool(tool);
    set({ tool });
  }

  setPaintValue(value: number): void {
    const { paintValue } = get();
    this.editor.settings.paintValue = value;
    set({ paintValue: value, previousValue: paintValue === value ? get().previousValue : paintValue });
    this.looks.reveal(value);
    if (TOOLS_WITHOUT_CLASS.has(this.editor.toolId)) this.setTool("brush");
    this.editor.invalidate();
  }

  setBrushSize(size: number): void {
    this.hasChosenSize = true;
    const brushSize = clamp(Math.round(size), 1, 400);
    this.editor.settings.brushSize = brushSize;
    set({ brushSize });
    rememberPreferences();
    this.editor.invalidate();
  }

  setTolerance(tolerance: number): void {
    this.editor.settings.tolerance = tolerance;
    set({ tolerance });
    rememberPreferences();
  }

  submit(): void {
    if (this.editor.finishPolygon()) return;
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
    this.session?.skip(reason);
  }

  goBack(): void {
    void this.session?.previous();
  }

  goForward(): void {
    this.session?.next();
  }

  get canGoForward(): boolean {
    return this.session?.hasNext === true;
  }

  /** Esc: what is half done, then banners. */
  cancel(): void {
    if (!this.editor.cancel()) set({ needsFix: false, search: null, isViewOpen: false });
  }

  dispose(): void {
    this.isClosed = true;
    this.stopFollowing();
    window.removeEventListener("pagehide", this.leave);
    cancelAnimationFrame(this.countsFrame);
    clearTimeout(this.lookTimer);
    this.effort.dispose();
    this.editor.dispose();
    this.session?.dispose();
    this.saving?.dispose();
  }

  /** The tools do as a person has set them. */
  private followOptions(): void {
    Object.assign(this.editor.settings, useToolOptions.getState());
    this.editor.invalidate();
    void this.prepareWand();
  }

  /** The wand on probabilities needs those of the region on the table. */
  private async prepareWand(): Promise<void> {
    const work = this.session?.current;
    const isWanted = useToolOptions.getState().wandBasis === "probability";
    if (!work?.document.prediction || work.maxProbs || !isWanted) return;
    try {
      work.maxProbs = await loadCertainty(work);
      if (!work.maxProbs) this.notices.info(texts.annotate.noCertainty);
    } catch (error) {
      this.notices.error(error);
    }
  }

  private edited(work: RegionWork): void {
    work.isTouched = true;
    work.isDominant = false;
    this.looks.showAnswer();
    this.session?.touch();
    this.saving?.drafts.changed(work);
    this.showCounts();
  }

  private regionFilled(value: number): void {
    const work = this.session?.current;
    if (!work) return;
    const mayBeDominant =
      this.partitionKind === "superpixel" && work.assignment.region_query.purpose !== "audit";
    work.isDominant = mayBeDominant && value !== VOID;
  }

  private show(work: RegionWork | null, why: WaitingFor): void {
    if (work) this.canvas.dataset.regionBbox = work.assignment.region.bbox.join(",");
    else delete this.canvas.dataset.regionBbox;
    this.editor.open(work, this.palette);
    if (work) placeRegion(this.canvas, work, this.editor.stage.view);
    if (work) this.timing.shown(get().phase === "working");
    set({
      phase: work ? "working" : why,
      facts: work ? factsOf(work) : null,
      needsFix: false,
      isLeaseLost: work?.isLeaseLost ?? false,
      canGoBack: this.session?.hasPrevious ?? false,
    });
    this.showCounts();
    if (!work) return;
    this.looks.open(work, this.palette);
    if (!this.hasChosenSize) this.suggestBrushSize(work);
    if (!work.document.prediction && work.segments && !this.hasChosenTool) {
      this.editor.setTool("superpixel");
      set({ tool: "superpixel" });
    }
    void this.prepareWand();
    work.surroundings.onLoaded = () => this.editor.invalidate();
    this.lookAround();
  }

  /** Once the view has come to rest, load what it shows: a person who pans or zooms quickly passes most of it. */
  private lookAround(): void {
    clearTimeout(this.lookTimer);
    this.lookTimer = setTimeout(() => {
      const { view, size } = this.editor.stage;
      void this.session?.current?.surroundings.look(view, size, devicePixelRatio);
    }, LOOK_AFTER_MS);
  }

  /** Until a person sets a size, the brush goes with the region: a few pixels in a small one, more in a large one. */
  private suggestBrushSize({ box }: RegionWork): void {
    const brushSize = clamp(Math.round(Math.max(box.width, box.height) / 10), 2, 40);
    this.editor.settings.brushSize = brushSize;
    set({ brushSize });
  }

  /** Panels follow the document at most once a frame. */
  private showCounts(): void {
    if (this.countsFrame !== 0) return;
    this.countsFrame = requestAnimationFrame(() => {
      this.countsFrame = 0;
      const work = this.session?.current;
      if (!work) return;
      const counts = countsOf(work, this.project.label_classes.length);
      set({ ...counts, ...(counts.numUnlabelled === 0 ? { needsFix: false } : {}) });
    });
  }
}
