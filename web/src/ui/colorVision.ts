/**
 * Which colours look alike to people with dichromacy, about one man in forty.
 *
 * Source: the matrices for full severity of Machado, Oliveira and Fernandes, "A Physiologically-based Model for
 * Simulation of Color Vision Deficiency", IEEE TVCG 15(6), 2009, applied to linear RGB; distances in Ottosson's OKLab
 * (2020), where equal steps look about equally large.
 */
type Triple = readonly [number, number, number];
type Matrix = readonly [Triple, Triple, Triple];

const PROTANOPIA: Matrix = [
  [0.152286, 1.052583, -0.204868],
  [0.114503, 0.786281, 0.099216],
  [-0.003882, -0.048116, 1.051998],
];
const DEUTERANOPIA: Matrix = [
  [0.367322, 0.860646, -0.227968],
  [0.280085, 0.672501, 0.047413],
  [-0.01182, 0.04294, 0.968881],
];
const AS_IT_IS: Matrix = [
  [1, 0, 0],
  [0, 1, 0],
  [0, 0, 1],
];
const SIGHTS = [AS_IT_IS, PROTANOPIA, DEUTERANOPIA];

const TO_CONES: Matrix = [
  [0.4122214708, 0.5363325363, 0.0514459929],
  [0.2119034982, 0.6806995451, 0.1073969566],
  [0.0883024619, 0.2817188376, 0.6299787005],
];
const TO_LAB: Matrix = [
  [0.2104542553, 0.793617785, -0.0040720468],
  [1.9779984951, -2.428592205, 0.4505937099],
  [0.0259040371, 0.7827717662, -0.808675766],
];

/** Closer than this, two colours at half opacity on a photograph are easily taken for each other. */
const ALIKE = 0.075;

const times = (matrix: Matrix, [a, b, c]: Triple): Triple =>
  matrix.map(([x, y, z]) => x * a + y * b + z * c) as unknown as Triple;
const each = (triple: Triple, change: (value: number) => number) => triple.map(change) as unknown as Triple;

function linear(hex: string): Triple {
  const value = Number.parseInt(hex.slice(1), 16);
  return each([(value >> 16) & 255, (value >> 8) & 255, value & 255], (channel) => {
    const share = channel / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
}

function labAs(hex: string, sight: Matrix): Triple {
  const seen = each(times(sight, linear(hex)), (channel) => Math.min(1, Math.max(0, channel)));
  return times(TO_LAB, each(times(TO_CONES, seen), Math.cbrt));
}

/** How far two colours ("#rrggbb") are apart for the eyes to which they are closest; black to white is 1. */
export function leastDistance(a: string, b: string): number {
  return Math.min(
    ...SIGHTS.map((sight) => {
      const [p, q] = [labAs(a, sight), labAs(b, sight)];
      return Math.hypot(p[0] - q[0], p[1] - q[1], p[2] - q[2]);
    }),
  );
}

/** Pairs of places whose colours look alike to somebody, the closest first. */
export function alikePairs(colors: readonly string[]): [number, number][] {
  const pairs: { places: [number, number]; distance: number }[] = [];
  for (let i = 0; i < colors.length; i++) {
    for (let j = i + 1; j < colors.length; j++) {
      const distance = leastDistance(colors[i], colors[j]);
      if (distance < ALIKE) pairs.push({ places: [i, j], distance });
    }
  }
  return pairs.sort((a, b) => a.distance - b.distance).map(({ places }) => places);
}
