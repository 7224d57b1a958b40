import type { Size } from "./labelMap";

/** A straight piece of a region's border, between pixel corners. */
export type Edge = readonly [x0: number, y0: number, x1: number, y1: number];

/** The border of a mask as horizontal and vertical pieces, joined as far as they go on straight. */
export function maskEdges(mask: Uint8Array, { width, height }: Size): Edge[] {
  const inside = (x: number, y: number) =>
    x >= 0 && y >= 0 && x < width && y < height && mask[y * width + x] !== 0;
  const edges: Edge[] = [];
  for (let y = 0; y <= height; y++) {
    collect(
      width,
      (x) => inside(x, y) !== inside(x, y - 1),
      (from, to) => edges.push([from, y, to, y]),
    );
  }
  for (let x = 0; x <= width; x++) {
    collect(
      height,
      (y) => inside(x, y) !== inside(x - 1, y),
      (from, to) => edges.push([x, from, x, to]),
    );
  }
  return edges;
}

function collect(
  length: number,
  isEdge: (at: number) => boolean,
  add: (from: number, to: number) => void,
): void {
  for (let at = 0; at < length; at++) {
    if (!isEdge(at)) continue;
    const from = at;
    while (at < length && isEdge(at)) at++;
    add(from, at);
  }
}
