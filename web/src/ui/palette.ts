/**
 * Default class colours: they stay apart for people with red-green blindness, and on photographs.
 *
 * The first seven are Okabe and Ito's set ("Color Universal Design", 2002, without black, which hides dark places); the
 * rest are colours of Paul Tol's schemes ("Colour Schemes", SRON/EPS/TN/09-002, issue 3.2, 2021), each the one that is
 * farthest from all before it by the distance in `colorVision.ts`. No two of the first fourteen look alike by that
 * measure; beyond, hatchings help (`viewer/patterns.ts`).
 */
export const DEFAULT_COLORS = [
  "#0072b2",
  "#e69f00",
  "#009e73",
  "#cc79a7",
  "#56b4e9",
  "#d55e00",
  "#f0e442",
  "#661100",
  "#ffffff",
  "#332288",
  "#555555",
  "#99ddff",
  "#222255",
  "#bbbbbb",
  "#ddcc77",
  "#666633",
  "#aa4499",
  "#6699cc",
  "#ee6677",
  "#882255",
] as const;

/** The first default colour that is not in use; after all are, they start again. */
export function nextColor(used: readonly string[]): string {
  return (
    DEFAULT_COLORS.find((color) => !used.includes(color)) ??
    DEFAULT_COLORS[used.length % DEFAULT_COLORS.length]
  );
}
