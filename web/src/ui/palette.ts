/**
 * Default class colours, chosen to stay apart for people with colour-blindness and on photographs.
 *
 * The first eight are Okabe and Ito's set (black left out for a bright yellow-green, which shows on dark images);
 * the rest are steps of Paul Tol's "muted" and "light" schemes.
 */
export const DEFAULT_COLORS = [
  "#0072b2",
  "#e69f00",
  "#009e73",
  "#cc79a7",
  "#56b4e9",
  "#d55e00",
  "#f0e442",
  "#332288",
  "#88ccee",
  "#aa4499",
  "#999933",
  "#882255",
  "#44bb99",
  "#ee8866",
  "#bbcc33",
  "#77aadd",
  "#ffaabb",
  "#117733",
  "#dddddd",
  "#661100",
] as const;

/** The first default colour that is not in use; after all are, they start again. */
export function nextColor(used: readonly string[]): string {
  return (
    DEFAULT_COLORS.find((color) => !used.includes(color)) ??
    DEFAULT_COLORS[used.length % DEFAULT_COLORS.length]
  );
}
