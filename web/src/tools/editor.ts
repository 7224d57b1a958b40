import { type Size, UNLABELLED } from "@/editing/labelMap";
import type { Paint, Patch } from "@/editing/regionDocument";
import { runsWhere } from "@/editing/runs";
import { type Adjustment, PictureAdjuster } from "@/viewer/adjustment";
import type { Palette } from "@/viewer/colors";
import type { ImagePoint } from "@/viewer/geometry";
import { LabelLayer, type LabelLook, PLAIN_LOOK } from "@/viewer/labelLayer";
import { FlashLayer, type ImageLayer, RegionLayer } from "@/viewer/layers";
import { withContext } from "@/viewer/opening";
import { type Layer, Stage } from "@/viewer/stage";
import { Viewport } from "@/viewer/viewport";
import { PickTool, SuperpixelTool, WandTool } from "./clickTools";
import { KeyboardCursor } from "./keyboardCursor";
import { PointerControl } from "./pointerControl";
import { PolygonTool } from "./polygonTool";
import { StrokeTool } from "./strokeTool";
import { type Bench, regionPixel, type Tool, type ToolHost, type ToolId, type ToolSettings } from "./tool";

/** Share of the canvas left around the region and its context when it opens. */
const MARGIN = 0.04;
const FLASH_MS = 1400;

/** Maps of the whole image that can lie over it: uncertainty, and what people said elsewhere. */
export type MapName = "heat" | "answers";

/** What is on the table: a bench and the image around it. */
export interface Work extends Bench {
  readonly image: Size;
  readonly pictures: ImageLayer;
}

export interface EditorEvents {
  /** Pixels changed, or another region was opened. */
  onEdit(patch: Patch | null): void;
  onView(view: Viewport): void;
  onPick(value: number): void;
  /** The whole region was given one value at once. */
  onRegionFilled(value: number): void;
  /** A person did something: moved, painted, zoomed. */
  onActivity(): void;
}

/** The canvas with its layers, tools and commands. Knows no server and no framework. */
export class Editor implements ToolHost {
  readonly settings: ToolSettings = { paintValue: 0, brushSize: 12, tolerance: 24 };
  readonly stage: Stage;
  readonly keyboardCursor = new KeyboardCursor();
  private work: Work | null = null;
  private labels: LabelLayer | null = null;
  private flashLayer: FlashLayer | null = null;
  private maps: Record<MapName, Layer | null> = { heat: null, answers: null };
  private hover: ImagePoint | null = null;
  private stopListening: () => void = () => {};
  private look = PLAIN_LOOK;
  private readonly adjuster = new PictureAdjuster();
  private readonly tools: Record<ToolId, Tool>;
  private readonly polygon: PolygonTool;
  private currentTool: Tool;
  private readonly pointers: PointerControl;
  private readonly toolLayer: Layer = {
    draw: (context, view) => {
      this.keyboardCursor.draw(context, view);
      if (this.work) this.currentTool.draw(context, view, this.hover);
    },
  };

  constructor(
    canvas: HTMLCanvasElement,
    private readonly events: EditorEvents,
  ) {
    this.polygon = new PolygonTool(this, () => this.stage.view);
    this.tools = {
      brush: new StrokeTool("brush", this),
      eraser: new StrokeTool("eraser", this),
      polygon: this.polygon,
      superpixel: new SuperpixelTool(this),
      wand: new WandTool(this),
      pick: new PickTool(this),
    };
    this.currentTool = this.tools.brush;
    this.stage = new Stage(canvas, events.onView, () => this.fitRegion());
    this.pointers = new PointerControl(this.stage, this.pointerHost());
  }

  get bench(): Bench | null {
    return this.work;
  }

  get toolId(): ToolId {
    return this.currentTool.id;
  }

  /** Put a region on the table; null clears it. */
  open(work: Work | null, palette: Palette): void {
    this.pointers.cancel();
    this.currentTool.cancel();
    this.stopListening();
    this.keyboardCursor.hide();
    this.work = work;
    this.maps = { heat: null, answers: null };
    this.labels = null;
    this.flashLayer = null;
    if (work) {
      work.pictures.adjuster = this.adjuster;
      this.labels = new LabelLayer(work.document, work.box, palette, this.look);
      this.flashLayer = new FlashLayer(work.document, work.box, () => this.stage.invalidate());
      this.stopListening = work.document.onChange((patch) => this.changed(patch));
    }
    this.arrange();
    this.fitRegion();
    this.pointers.showCursor();
    this.events.onEdit(null);
  }

  setTool(id: ToolId): void {
    if (id !== this.currentTool.id) this.currentTool.cancel();
    this.currentTool = this.tools[id];
    this.pointers.showCursor();
    this.stage.invalidate();
  }

  /** Show the labels another way, from now on. */
  setLook(look: Partial<LabelLook>): void {
    this.look = { ...this.look, ...look };
    if (this.labels) this.labels.look = this.look;
    this.stage.invalidate();
  }

  /** Show the pictures brighter, say, from now on. */
  adjust(adjustment: Adjustment): void {
    this.adjuster.adjustment = adjustment;
    this.stage.invalidate();
  }

  /** Show a map of the whole image over this region's, or take it away. */
  showMap(name: MapName, map: Layer | null): void {
    this.maps[name] = map;
    this.arrange();
  }

  pickValue(value: number): void {
    this.events.onPick(value);
  }

  invalidate(): void {
    this.stage.invalidate();
  }

  undo(): void {
    this.events.onActivity();
    if (this.polygon.isDrawing) this.polygon.back();
    else this.work?.document.undo();
  }

  redo(): void {
    this.events.onActivity();
    this.work?.document.redo();
  }

  /** Every pixel of the region nobody has labelled takes a value. */
  fillRest(value: number): void {
    const document = this.work?.document;
    if (document) this.command(document.runsOf(UNLABELLED), value);
  }

  /** The whole region takes one value. */
  fillRegion(value: number): void {
    const document = this.work?.document;
    if (!document) return;
    this.command(document.regionRuns(), value);
    this.events.onRegionFilled(value);
  }

  /** The whole region goes back to what the model said; or only its unlabelled pixels. */
  acceptPrediction(onlyUnlabelled = false): void {
    const document = this.work?.document;
    if (!document?.prediction) return;
    const runs = onlyUnlabelled ? document.runsOf(UNLABELLED) : document.regionRuns();
    this.command(runs, document.prediction);
  }

  /** All pixels of the class under the pointer take the class that is painted. */
  replaceHovered(): void {
    const at = this.keyboardCursor.at ?? this.hover;
    const pixel = this.work && at && regionPixel(this.work, at);
    if (!this.work || !pixel) return;
    const { labelMap, mask, width, height } = this.work.document;
    const old = labelMap[pixel.index];
    const runs = runsWhere(width, height, (i) => mask[i] === 1 && labelMap[i] === old);
    this.command(runs, this.settings.paintValue);
  }

  /** Esc: drop what is half done. Returns false when there was nothing to drop. */
  cancel(): boolean {
    const wasBusy = this.polygon.isDrawing || this.pointers.isWorking || this.keyboardCursor.isActive;
    this.pointers.cancel();
    this.currentTool.cancel();
    this.keyboardCursor.hide();
    this.stage.invalidate();
    return wasBusy;
  }

  /** Enter closes a half-drawn polygon. Returns false when there is none. */
  finishPolygon(): boolean {
    if (!this.polygon.isDrawing) return false;
    this.polygon.close();
    return true;
  }

  flash(): void {
    this.flashLayer?.start(FLASH_MS);
  }

  fitRegion(): void {
    if (!this.work) return;
    const { box, image } = this.work;
    this.stage.view = Viewport.fitting(withContext(box, image), this.stage.size, MARGIN);
  }

  actualSize(): void {
    if (this.work) this.stage.view = Viewport.centredOn(this.work.box, this.stage.size, 1);
  }

  moveCursor(dx: number, dy: number): void {
    if (!this.work) return;
    this.events.onActivity();
    this.keyboardCursor.move(dx, dy, this.work.box);
    const at = this.keyboardCursor.at;
    this.onHover(at);
    if (at) this.currentTool.move({ at, pressure: 1, shiftKey: false, altKey: false });
    this.stage.invalidate();
  }

  holdSpace(): void {
    this.pointers.holdSpace();
  }

  /** Space comes up; when only tapped, the keyboard cursor works with the tool once. */
  releaseSpace(): void {
    const at = this.keyboardCursor.at;
    if (!this.pointers.releaseSpace() || !at || !this.work) return;
    const pointer = { at, pressure: 1, shiftKey: false, altKey: false };
    this.currentTool.down(pointer);
    this.currentTool.up(pointer);
  }

  /** The key came up somewhere else: no panning, no painting. */
  dropSpace(): void {
    this.pointers.releaseSpace();
  }

  dispose(): void {
    this.stopListening();
    this.pointers.dispose();
    this.stage.dispose();
  }

  private command(runs: Parameters<Work["document"]["edit"]>[0], paint: Paint): void {
    this.work?.document.edit(runs, paint);
  }

  private changed(patch: Patch): void {
    this.labels?.update(patch.rect);
    this.stage.invalidate();
    this.events.onEdit(patch);
  }

  private arrange(): void {
    const { work } = this;
    const region = work ? new RegionLayer(work.document, work.box, work.image) : null;
    const layers = [
      work?.pictures,
      this.labels,
      this.maps.heat,
      region,
      this.maps.answers,
      this.flashLayer,
      this.toolLayer,
    ];
    this.stage.layers = layers.filter((layer): layer is Layer => Boolean(layer));
    this.stage.invalidate();
  }

  private onHover(at: ImagePoint | null): void {
    this.hover = at;
    this.stage.invalidate();
  }

  private pointerHost() {
    const editor = this;
    return {
      get tool() {
        return editor.currentTool;
      },
      get isOpen() {
        return editor.work !== null;
      },
      onHover(at: ImagePoint | null) {
        if (at) editor.keyboardCursor.hide();
        editor.events.onActivity();
        editor.onHover(at);
      },
      onSecondary(at: ImagePoint) {
        const pixel = editor.work && regionPixel(editor.work, at);
        if (editor.work && pixel) editor.events.onPick(editor.work.document.labelMap[pixel.index]);
      },
    };
  }
}
