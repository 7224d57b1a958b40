import type { Size } from "@/editing/labelMap";
import type { Palette } from "./colors";

/** A canvas that is never on the page. */
export function makeCanvas({ width, height }: Size): OffscreenCanvas | HTMLCanvasElement {
  if (typeof OffscreenCanvas !== "undefined") return new OffscreenCanvas(width, height);
  return Object.assign(document.createElement("canvas"), { width, height });
}

/** A map of bytes in the colours of a palette: little-endian RGBA words. */
export function colored(
  map: Readonly<Uint8Array>,
  size: Size,
  palette: Palette,
): OffscreenCanvas | HTMLCanvasElement {
  const canvas = makeCanvas(size);
  const context = canvas.getContext("2d") as OffscreenCanvasRenderingContext2D | null;
  if (!context) throw new Error("this browser has no 2D canvas");
  const image = new ImageData(size.width, size.height);
  const words = new Uint32Array(image.data.buffer);
  for (let index = 0; index < words.length; index++) words[index] = palette[map[index]];
  context.putImageData(image, 0, 0);
  return canvas;
}
