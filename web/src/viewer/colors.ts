import { UNLABELLED, VOID } from "@/editing/labelMap";

export type Rgb = readonly [number, number, number];

export function parseColor(hex: string): Rgb {
  const value = Number.parseInt(hex.slice(1), 16);
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}

/** RGBA of each of the 256 values of a label map, as one little-endian word a value. */
export type Palette = Uint32Array;

const VOID_COLOR: Rgb = [40, 40, 46];

const word = ([r, g, b]: Rgb, alpha = 255) => ((alpha << 24) | (b << 16) | (g << 8) | r) >>> 0;

/** Classes in their colours, void nearly black, unlabelled clear. */
export function makePalette(colors: readonly string[]): Palette {
  const palette = new Uint32Array(256);
  colors.forEach((color, index) => {
    palette[index] = word(parseColor(color));
  });
  palette[VOID] = word(VOID_COLOR);
  palette[UNLABELLED] = 0;
  return palette;
}

const HEAT_STOPS: readonly Rgb[] = [
  [0, 0, 4],
  [66, 10, 104],
  [147, 38, 103],
  [221, 81, 58],
  [252, 165, 10],
  [252, 255, 164],
];

/** Dark to bright yellow, even in lightness, so that it also reads without colour; low scores are clear. */
export function heatPalette(): Palette {
  return Uint32Array.from({ length: 256 }, (_, value) => {
    const at = (value / 255) * (HEAT_STOPS.length - 1);
    const low = Math.min(HEAT_STOPS.length - 2, Math.floor(at));
    const mix = at - low;
    const color = HEAT_STOPS[low].map((c, i) => Math.round(c + mix * (HEAT_STOPS[low + 1][i] - c)));
    return word(color as unknown as Rgb, Math.round(60 + (value / 255) * 180));
  });
}

/** The heat map's colours from low to high, for a legend in CSS. */
export function heatGradient(): string {
  return `linear-gradient(90deg, ${HEAT_STOPS.map((stop) => `rgb(${stop.join(" ")})`).join(", ")})`;
}

/** Share of the pixels at each end that may be clipped when contrast is stretched. */
const CLIPPED = 0.02;

/** A map with its contrast stretched over all 256 values: what differs within one image is what tells. */
export function stretched(map: Readonly<Uint8Array>): Uint8Array {
  const sorted = Uint8Array.from(map).sort();
  const low = sorted[Math.floor(CLIPPED * (sorted.length - 1))];
  const high = sorted[Math.ceil((1 - CLIPPED) * (sorted.length - 1))];
  if (high <= low) return Uint8Array.from(map);
  return Uint8Array.from(map, (value) => Math.min(255, Math.max(0, (255 * (value - low)) / (high - low))));
}
