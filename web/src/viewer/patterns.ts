/**
 * Hatchings that tell classes apart without colour: eight of them, by class index, so that with the colours no two of
 * many classes look the same.
 *
 * One description serves the canvas and the swatches of the page. The first is none: the plain colour.
 */
const TILE_PX = 12;
const PATHS = [
  "",
  "M-3 9 9 -3M3 15 15 3",
  "M3 -3 15 9M-3 3 9 15",
  "M0 3H12M0 9H12",
  "M3 0V12M9 0V12",
  "M6 4.5A1.5 1.5 0 1 0 6 7.5A1.5 1.5 0 1 0 6 4.5",
  "M0 6H12M6 0V12",
  "M0 0 12 12M12 0 0 12",
] as const;

/** Dark below, light on top: shows on every colour. */
const STROKES = [
  ["#000", 3],
  ["#fff", 1.25],
] as const;

export const NUM_PATTERNS = PATHS.length;

/** Which hatching a class has; void and unlabelled have none of these. */
export function patternOf(classIndex: number): number {
  return classIndex < 254 ? classIndex % NUM_PATTERNS : 0;
}

/** A hatching to fill with, its lines as wide on screens of every resolution. */
export function makePattern(
  context: CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D,
  pattern: number,
  pixelRatio: number,
): CanvasPattern | null {
  const side = TILE_PX * Math.max(1, Math.round(pixelRatio));
  const tile = new OffscreenCanvas(side, side);
  const drawn = tile.getContext("2d");
  if (!drawn) return null;
  drawn.scale(side / TILE_PX, side / TILE_PX);
  const path = new Path2D(PATHS[pattern]);
  for (const [color, width] of STROKES) {
    drawn.strokeStyle = color;
    drawn.lineWidth = width;
    drawn.stroke(path);
  }
  return context.createPattern(tile, "repeat");
}

/** The same as a picture for a swatch; null for the plain colour. */
export function patternImage(pattern: number): string | null {
  const path = PATHS[pattern];
  if (!path) return null;
  const strokes = STROKES.map(
    ([color, width]) => `<path d="${path}" fill="none" stroke="${color}" stroke-width="${width}"/>`,
  ).join("");
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${TILE_PX}" height="${TILE_PX}">${strokes}</svg>`;
  return `url("data:image/svg+xml,${encodeURIComponent(svg)}")`;
}
