import { images } from "@/api/endpoints";
import { bytesOrNull } from "@/api/http";
import { decodePng } from "@/editing/png";
import { texts } from "@/texts";
import type { Editor, MapName } from "@/tools/editor";
import { type Adjustment, AS_IT_IS } from "@/viewer/adjustment";
import { AnswersLayer, withoutRegion } from "@/viewer/answersLayer";
import { makePalette, type Palette } from "@/viewer/colors";
import { clamp } from "@/viewer/geometry";
import type { Layer } from "@/viewer/stage";
import type { Viewport } from "@/viewer/viewport";
import { loadHeat } from "./heat";
import type { RegionWork } from "./regionWork";
import { type Compare, type MapState, rememberPreferences, useAnnotate } from "./state";

interface Notices {
  error(error: unknown): void;
  info(text: string): void;
}

const get = useAnnotate.getState;
const set = useAnnotate.setState;
const MISSING: Record<MapName, string> = {
  heat: texts.annotate.noHeat,
  answers: texts.annotate.noAnswers,
};

/**
 * How the region on the table is shown: labels, the model's answer, maps of the whole image, the picture itself.
 *
 * What a person has set stays from region to region. Nothing here changes a pixel.
 */
export class Looks {
  private palette: Palette = makePalette([]);
  private answers: AnswersLayer | null = null;

  constructor(
    private readonly editor: Editor,
    private readonly current: () => RegionWork | null,
    private readonly notices: Notices,
  ) {
    this.showLabels();
  }

  /** Another region is on the table. */
  open(work: RegionWork, palette: Palette): void {
    this.palette = palette;
    this.answers = null;
    const { compare } = get();
    if (compare === "prediction" || !work.document.prediction) set({ compare: "off" });
    this.showLabels();
    for (const name of ["heat", "answers"] as const) {
      if (get()[name] !== "off") void this.showMap(name, work, false);
    }
  }

  setOpacity(opacity: number): void {
    set({ opacity });
    rememberPreferences();
    this.showLabels();
  }

  toggleLabels(): void {
    set({ areLabelsVisible: !get().areLabelsVisible });
    this.showLabels();
  }

  togglePatterns(): void {
    set({ hasPatterns: !get().hasPatterns });
    rememberPreferences();
    this.showLabels();
  }

  /** Do not draw a class, or draw it again. */
  toggleHidden(index: number): void {
    const { hidden } = get();
    this.hide(hidden.includes(index) ? hidden.filter((other) => other !== index) : [...hidden, index]);
  }

  /** Draw one class alone; once more, all of them. */
  toggleAlone(index: number, all: readonly number[]): void {
    const others = all.filter((other) => other !== index);
    const isAlone = get().hidden.length === others.length && !get().hidden.includes(index);
    this.hide(isAlone ? [] : others);
  }

  /** What is to be painted has to be seen. */
  reveal(index: number): void {
    if (get().hidden.includes(index)) this.toggleHidden(index);
  }

  showAll(): void {
    this.hide([]);
  }

  /** Show the person's answer, the model's, or both with a divider between them. */
  compare(compare: Compare): void {
    set({ compare });
    this.showLabels();
  }

  /** From the person's answer to the model's, and back. */
  flick(): void {
    this.compare(get().compare === "prediction" ? "off" : "prediction");
  }

  toggleSwipe(): void {
    this.compare(get().compare === "swipe" ? "off" : "swipe");
  }

  moveSwipe(share: number): void {
    set({ swipeAt: clamp(share, 0, 1) });
    this.showLabels();
  }

  /** Somebody paints: that is on the answer. */
  showAnswer(): void {
    if (get().compare === "prediction") this.compare("off");
  }

  setAdjustment(part: Partial<Adjustment>): void {
    const adjustment = { ...get().adjustment, ...part };
    set({ adjustment });
    this.editor.adjust(adjustment);
  }

  resetAdjustment(): void {
    this.setAdjustment(AS_IT_IS);
  }

  async toggleMap(name: MapName): Promise<void> {
    const work = this.current();
    if (work && get()[name] === "off") return this.showMap(name, work, true);
    this.keepMap(name, null);
    set({ [name]: "off" });
  }

  /** Draw what is known of the image small, on a canvas of the page. */
  drawAnswers(canvas: HTMLCanvasElement): void {
    this.answers?.drawSmall(canvas);
  }

  /** One that was switched on for an earlier image stays on where there is none; one that is asked for says so. */
  private async showMap(name: MapName, work: RegionWork, isAsked: boolean): Promise<void> {
    const state = (state: MapState) => set({ [name]: state });
    state("loading");
    try {
      const map = await (name === "heat" ? loadHeat(work) : loadAnswers(work, this.palette));
      if (this.current() !== work || get()[name] === "off") return;
      this.keepMap(name, map);
      state(map || !isAsked ? "on" : "off");
      if (!map && isAsked) this.notices.info(MISSING[name]);
    } catch (error) {
      state("off");
      this.notices.error(error);
    }
  }

  private keepMap(name: MapName, map: Layer | null): void {
    if (name === "answers") this.answers = map instanceof AnswersLayer ? map : null;
    this.editor.showMap(name, map);
  }

  private hide(hidden: readonly number[]): void {
    set({ hidden });
    this.editor.setLook({ hidden: new Set(hidden) });
  }

  private showLabels(): void {
    const { opacity, areLabelsVisible, hasPatterns, compare, swipeAt } = get();
    const predictionShare = compare === "prediction" ? 1 : compare === "swipe" ? swipeAt : 0;
    this.editor.setLook({ opacity, isVisible: areLabelsVisible, hasPatterns, predictionShare });
  }
}

/** What people said elsewhere in the image; null while they said nothing. */
async function loadAnswers(work: RegionWork, palette: Palette): Promise<AnswersLayer | null> {
  const bytes = await bytesOrNull(images.url(work.assignment.image.id, "label_map"));
  if (!bytes) return null;
  const { samples, width, height } = await decodePng(bytes);
  const rest = withoutRegion(Uint8Array.from(samples), { width, height }, work.document, work.box);
  const layer = new AnswersLayer(rest, { width, height }, palette);
  return layer.hasAnswers ? layer : null;
}

/** Tell the page where the region lies on the canvas, for what it puts over it. */
export function placeRegion(canvas: HTMLCanvasElement, work: RegionWork | null, view: Viewport): void {
  const style = canvas.parentElement?.style;
  if (!style || !work) return;
  const { x, y, width, height } = work.box;
  style.setProperty("--region-x", `${x * view.scale + view.offsetX}px`);
  style.setProperty("--region-y", `${y * view.scale + view.offsetY}px`);
  style.setProperty("--region-width", `${width * view.scale}px`);
  style.setProperty("--region-height", `${height * view.scale}px`);
}
