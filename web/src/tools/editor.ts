import type { Rect, Size } from "@/editing/labelMap";
import type { Patch, RegionDocument } from "@/editing/regionDocument";
import { type Adjustment, PictureAdjuster } from "@/viewer/adjustment";
import type { Palette } from "@/viewer/colors";
import { type ImagePoint, screenPoint } from "@/viewer/geometry";
import { LabelLayer, type LabelLook, PLAIN_LOOK } from "@/viewer/labelLayer";
import { FlashLayer, type ImageLayer, RegionLayer } from "@/viewer/layers";
import { withContext } from "@/viewer/opening";
import { type Layer, Stage } from "@/viewer/stage";
import { Viewport } from "@/viewer/viewport";
import { CopyTool, PickTool, ReplaceTool, WandTool } from "./clickTools";
import { KeyboardControl } from "./keyboardControl";
import { KeyboardCursor } from "./keyboardCursor";
import { PointerControl } from "./pointerControl";
import { PolygonTool } from "./polygonTool";
import * as commands from "./regionCommands";
import { StrokeTool } from "./strokeTool";
import { SuperpixelTool } from "./superpixelTool";
import {
  type Bench,
  DEFAULT_SETTINGS,
  regionPixel,
  type Tool,
  type ToolHost,
  type ToolId,
  type ToolSettings,
} from "./tool";

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
  readonly settings: ToolSettings = { ...DEFAULT_SETTINGS };
  readonly stage: Stage;
  private readonly keyboard: KeyboardControl;
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
      this.keyboard.cursor.draw(context, view);
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
      copy: new CopyTool(this),
      replace: new ReplaceTool(this),
      pick: new PickTool(this),
    };
    this.currentTool = this.tools.brush;
    this.keyboard = new KeyboardControl(new KeyboardCursor(), this.keyboardHost());
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
    this.dropGesture();
    this.stopListening();
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
    this.command((document) => commands.fillRest(document, value));
  }

  /** The whole region takes one value. */
  fillRegion(value: number): void {
    if (!this.work) return;
    this.command((document) => commands.fillRegion(document, value));
    this.events.onRegionFilled(value);
  }

  /** The whole region goes back to what the model said; or only its unlabelled pixels. */
  acceptPrediction(onlyUnlabelled = false): void {
    this.command((document) => commands.acceptPrediction(document, onlyUnlabelled));
  }

  /** What the painted class encloses takes it. */
  fillHoles(): void {
    this.command((document) => commands.fillHoles(document, this.settings.paintValue));
  }

  smoothEdges(): void {
    this.command(commands.smoothEdges);
  }

  /** All pixels of the class under the pointer take the class that is painted. */
  replaceHovered(): void {
    const at = this.keyboard.cursor.at ?? this.hover;
    const pixel = this.work && at && regionPixel(this.work, at);
    if (!this.work || !pixel) return;
    const old = this.work.document.labelMap[pixel.index];
    this.command((document) => commands.replaceValue(document, old, this.settings.paintValue));
  }

  /** Esc: drop what is half done. Returns false when there was nothing to drop. */
  cancel(): boolean {
    const wasBusy = this.polygon.isDrawing || this.pointers.isWorking || this.keyboard.cursor.isActive;
    this.dropGesture();
    this.stage.invalidate();
    return wasBusy;
  }

  get isDrawingPolygon(): boolean {
    return this.polygon.isDrawing;
  }

  /** Take the last corner of a half-drawn polygon back. */
  undoCorner(): void {
    this.polygon.back();
  }

  /** Enter closes a half-drawn polygon. Returns false when there is none. */
  finishPolygon(): boolean {
    if (!this.polygon.isDrawing) return false;
    this.polygon.close();
    return true;
  }

  /** Whatever a pointer or Space is painting ends here, as one stroke. */
  finishStroke(): void {
    this.pointers.finish();
    this.keyboard.release();
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
    this.events.onActivity();
    this.keyboard.move(dx, dy);
    this.stage.invalidate();
  }

  /** Space works with the keyboard cursor where there is one; else it is held to pan. */
  holdSpace(): void {
    if (!this.keyboard.press()) this.pointers.holdSpace();
  }

  releaseSpace(): void {
    if (!this.keyboard.release()) this.pointers.releaseSpace();
  }

  /** The key came up somewhere else: no panning, no painting. */
  dropSpace(): void {
    this.pointers.releaseSpace();
    this.keyboard.abort();
  }

  /** Zoom at the keyboard cursor, the pointer, or the middle of the canvas. */
  zoomBy(factor: number): void {
    const { view, size } = this.stage;
    const at = this.keyboard.cursor.at ?? this.hover;
    this.stage.zoomAt(at ? view.toScreen(at) : screenPoint(size.width / 2, size.height / 2), factor);
  }

  dispose(): void {
    this.stopListening();
    this.pointers.dispose();
    this.stage.dispose();
  }

  private command(perform: (document: RegionDocument) => void): void {
    if (this.work) perform(this.work.document);
  }

  private dropGesture(): void {
    this.pointers.cancel();
    this.currentTool.cancel();
    this.keyboard.drop();
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

  private keyboardHost() {
    const editor = this;
    return {
      get tool() {
        return editor.currentTool;
      },
      get box(): Rect | null {
        return editor.work?.box ?? null;
      },
      onMove(at: ImagePoint) {
        editor.stage.reveal(at);
        editor.onHover(at);
      },
    };
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
        if (at) editor.keyboard.drop();
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
