import type { Size } from "@/editing/labelMap";
import { clamp, type ImagePoint, type ScreenPoint } from "./geometry";
import type { Placement } from "./tiledPixels";
import { Viewport } from "./viewport";

/** A view that has stayed this long is drawn once more: what was drawn coarsely on the way is drawn finely. */
const REST_MS = 120;
/** How near to the canvas's border a point may be that is to be seen with what is around it. */
const REVEALED_MARGIN_PX = 40;

/** Something drawn on the stage. The context comes in CSS pixels; layers in image pixels call `inImage`. */
export interface Layer {
  draw(context: CanvasRenderingContext2D, view: Viewport): void;
}

/** Draw in image coordinates, then go back to CSS pixels. */
export function inImage(context: CanvasRenderingContext2D, view: Viewport, draw: () => void): void {
  context.save();
  context.transform(...view.matrix);
  draw();
  context.restore();
}

/** Where a box of the image lies on a canvas that shows the view, in device pixels. */
export function placementOf({ x, y }: { readonly x: number; readonly y: number }, view: Viewport): Placement {
  return {
    left: (x * view.scale + view.offsetX) * devicePixelRatio,
    top: (y * view.scale + view.offsetY) * devicePixelRatio,
    scale: view.scale * devicePixelRatio,
  };
}

/**
 * The visible canvas: one viewport, layers from back to front, at most one drawing a frame.
 *
 * It knows nothing of regions or tools; `onView` tells the page when the transform moved.
 */
export class Stage {
  layers: readonly Layer[] = [];
  private currentView = new Viewport();
  private currentSize: Size = { width: 1, height: 1 };
  private frame = 0;
  private restTimer: ReturnType<typeof setTimeout> | undefined;
  private readonly context: CanvasRenderingContext2D;
  private readonly observer: ResizeObserver;

  constructor(
    readonly canvas: HTMLCanvasElement,
    private readonly onView: (view: Viewport) => void,
    private readonly onResize: (size: Size, before: Size) => void,
  ) {
    const context = canvas.getContext("2d", { alpha: false });
    if (!context) throw new Error("this browser has no 2D canvas");
    this.context = context;
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(canvas);
    this.resize();
  }

  get view(): Viewport {
    return this.currentView;
  }

  set view(view: Viewport) {
    this.currentView = view;
    this.onView(view);
    this.invalidate();
    clearTimeout(this.restTimer);
    this.restTimer = setTimeout(() => this.invalidate(), REST_MS);
  }

  get size(): Size {
    return this.currentSize;
  }

  zoomAt(at: ScreenPoint, factor: number): void {
    this.view = this.view.zoomedAt(at, factor);
  }

  /** Pan as little as it takes to have a point of the image in sight, away from the canvas's border. */
  reveal(point: ImagePoint): void {
    const { x, y } = this.view.toScreen(point);
    const { width, height } = this.currentSize;
    const room = Math.min(REVEALED_MARGIN_PX, width / 2, height / 2);
    const [dx, dy] = [clamp(x, room, width - room) - x, clamp(y, room, height - room) - y];
    if (dx !== 0 || dy !== 0) this.view = this.view.pannedBy(dx, dy);
  }

  invalidate(): void {
    if (this.frame === 0) this.frame = requestAnimationFrame(() => this.draw());
  }

  dispose(): void {
    cancelAnimationFrame(this.frame);
    clearTimeout(this.restTimer);
    this.observer.disconnect();
  }

  private resize(): void {
    const { clientWidth, clientHeight } = this.canvas;
    if (clientWidth === 0 || clientHeight === 0) return;
    const before = this.currentSize;
    this.currentSize = { width: clientWidth, height: clientHeight };
    this.canvas.width = Math.round(clientWidth * devicePixelRatio);
    this.canvas.height = Math.round(clientHeight * devicePixelRatio);
    this.onResize(this.currentSize, before);
    this.draw();
  }

  private draw(): void {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    const { context, canvas } = this;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = getComputedStyle(canvas).getPropertyValue("--canvas") || "#17181c";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    for (const layer of this.layers) layer.draw(context, this.currentView);
  }
}
