import type { Project } from "@/api/types";
import { texts } from "@/texts";
import { Editor } from "@/tools/editor";
import type { ToolId } from "@/tools/tool";
import { makePalette, type Palette } from "@/viewer/colors";
import { clamp } from "@/viewer/geometry";
import { loadCertainty } from "./certainty";
import { ClassDigits } from "./classDigits";
import { Looks, placeRegion } from "./looks";
import type { RegionWork } from "./regionWork";
import { countsOf, rememberPreferences, resetAnnotateState, useAnnotate } from "./state";
import { useToolOptions } from "./toolOptions";

/** Pictures are loaded once the view has rested this long. */
const LOOK_AFTER_MS = 120;

export interface Notices {
  error(error: unknown, title?: string): void;
  info(text: string, title?: string): void;
}

export interface DeskEvents {
  /** A person changed pixels of the region on the desk. */
  onEdited(work: RegionWork): void;
  /** The whole region was given one value at once. */
  onRegionFilled(work: RegionWork, value: number): void;
  /** A person did something: moved, painted, zoomed. */
  onActivity(): void;
}

const get = useAnnotate.getState;
const set = useAnnotate.setState;

/** Who picks a class while one of these is in hand wants to paint with it. */
const TOOLS_WITHOUT_CLASS: ReadonlySet<ToolId> = new Set(["pick", "eraser", "copy"]);

/**
 * The editor on its canvas, with class, tools and looks as a person has set them.
 *
 * What the annotate page and the fix editor share. Knows nothing of where regions come from and where answers go.
 */
export class Desk {
  readonly editor: Editor;
  readonly looks: Looks;
  readonly digits = new ClassDigits();
  /** The region on the desk. */
  work: RegionWork | null = null;
  private palette: Palette;
  private hasChosenTool = false;
  private hasChosenSize = false;
  private countsFrame = 0;
  private lookTimer: ReturnType<typeof setTimeout> | undefined;
  private readonly stopFollowing: () => void;

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private project: Project,
    private readonly notices: Notices,
    private readonly events: DeskEvents,
  ) {
    resetAnnotateState();
    this.palette = paletteOf(project);
    this.editor = new Editor(canvas, {
      onEdit: (patch) => {
        if (this.work && patch && patch.origin !== "server") this.edited(this.work);
        else this.showCounts();
      },
      onView: (view) => {
        canvas.dataset.imageToScreen = view.matrix.join(",");
        placeRegion(canvas, this.work, view);
        this.lookAround();
      },
      onPick: (value) => this.setPaintValue(value),
      onRegionFilled: (value) => this.work && events.onRegionFilled(this.work, value),
      onActivity: events.onActivity,
    });
    // A stroke can be undone once it has ended, which changes no pixel.
    canvas.addEventListener("pointerup", () => this.showCounts());
    this.editor.settings.tolerance = get().tolerance;
    this.looks = new Looks(this.editor, () => this.work, notices);
    this.stopFollowing = useToolOptions.subscribe(() => this.followOptions());
    this.followOptions();
    this.setPaintValue(this.classIndices[0] ?? 0);
  }

  /** Classes that can be painted: those that were not merged into others. */
  get classIndices(): number[] {
    return this.project.label_classes.filter((c) => c.merged_into === null).map((c) => c.index);
  }

  /** The project was changed meanwhile, its colours perhaps. */
  setProject(project: Project): void {
    this.project = project;
    this.palette = paletteOf(project);
  }

  /** Put a region on the desk; null clears it. */
  open(work: RegionWork | null): void {
    // what is half done is dropped first, and belongs to the region that was here
    this.editor.open(work, this.palette);
    this.work = work;
    if (!work) {
      delete this.canvas.dataset.regionBbox;
      return;
    }
    this.canvas.dataset.regionBbox = work.assignment.region.bbox.join(",");
    placeRegion(this.canvas, work, this.editor.stage.view);
    this.looks.open(work, this.palette);
    if (!this.hasChosenSize) this.suggestBrushSize(work);
    const isEmpty = !work.document.prediction && work.document.numUnlabelled > 0;
    if (isEmpty && work.segments && !this.hasChosenTool) {
      this.editor.setTool("superpixel");
      set({ tool: "superpixel" });
    }
    void this.prepareWand();
    work.surroundings.onLoaded = () => this.editor.invalidate();
    this.lookAround();
    this.showCounts();
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

  /** Take the class at a place of the palette; none where there is no such place. */
  setClassAt(place: number): void {
    const index = this.classIndices[place];
    if (index !== undefined) this.setPaintValue(index);
  }

  /** The class after the one that is painted, or before it; the list's ends meet. */
  stepClass(by: 1 | -1): void {
    const { length } = this.classIndices;
    const place = this.classIndices.indexOf(get().paintValue);
    this.setClassAt(place < 0 ? (by > 0 ? 0 : length - 1) : (place + by + length) % length);
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

  /** Esc: what is half done, then what is open. Returns false when there was nothing of either. */
  cancel(): boolean {
    const { needsFix, search, isViewOpen } = get();
    if (this.editor.cancel()) return true;
    set({ needsFix: false, search: null, isViewOpen: false });
    return needsFix || search !== null || isViewOpen;
  }

  /** Panels follow the document at most once a frame. */
  showCounts(): void {
    if (this.countsFrame !== 0) return;
    this.countsFrame = requestAnimationFrame(() => {
      this.countsFrame = 0;
      if (!this.work) return;
      const counts = countsOf(this.work, this.project.label_classes.length);
      set({ ...counts, ...(counts.numUnlabelled === 0 ? { needsFix: false } : {}) });
    });
  }

  dispose(): void {
    this.stopFollowing();
    cancelAnimationFrame(this.countsFrame);
    clearTimeout(this.lookTimer);
    this.editor.dispose();
  }

  /** The tools do as a person has set them. */
  private followOptions(): void {
    Object.assign(this.editor.settings, useToolOptions.getState());
    this.editor.invalidate();
    void this.prepareWand();
  }

  /** The wand on probabilities needs those of the region on the desk. */
  private async prepareWand(): Promise<void> {
    const { work } = this;
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
    this.events.onEdited(work);
    this.showCounts();
  }

  /** Once the view has come to rest, load what it shows: a person who pans or zooms quickly passes most of it. */
  private lookAround(): void {
    clearTimeout(this.lookTimer);
    this.lookTimer = setTimeout(() => {
      const { view, size } = this.editor.stage;
      void this.work?.surroundings.look(view, size, devicePixelRatio);
    }, LOOK_AFTER_MS);
  }

  /** Until a person sets a size, the brush goes with the region: a few pixels in a small one, more in a large one. */
  private suggestBrushSize({ box }: RegionWork): void {
    const brushSize = clamp(Math.round(Math.max(box.width, box.height) / 10), 2, 40);
    this.editor.settings.brushSize = brushSize;
    set({ brushSize });
  }
}

function paletteOf(project: Project): Palette {
  return makePalette(project.label_classes.map(({ color }) => color));
}
