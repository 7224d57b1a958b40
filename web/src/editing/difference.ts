/** Where two answers to one region differ. */
export interface Difference {
  /** 1 where they differ, else 0. */
  readonly map: Uint8Array;
  readonly numChanged: number;
  /** Share of the region's pixels. */
  readonly fraction: number;
}

/** Compare two label maps inside a mask (1 inside, 0 outside). */
export function differenceOf(
  a: Readonly<Uint8Array>,
  b: Readonly<Uint8Array>,
  mask: Readonly<Uint8Array>,
): Difference {
  const map = new Uint8Array(mask.length);
  let numChanged = 0;
  let area = 0;
  for (let index = 0; index < mask.length; index++) {
    if (mask[index] === 0) continue;
    area++;
    if (a[index] === b[index]) continue;
    map[index] = 1;
    numChanged++;
  }
  return { map, numChanged, fraction: area === 0 ? 0 : numChanged / area };
}
