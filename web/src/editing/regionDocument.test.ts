import { describe, expect, it } from "vitest";
import { brushRuns } from "./brush";
import { History, TILE_OVERHEAD_BYTES, TILE_PX } from "./history";
import { UNLABELLED, VOID } from "./labelMap";
import { type Patch, RegionDocument } from "./regionDocument";
import { runsWhere } from "./runs";

const SIZE = { width: 100, height: 80 };
const FULL = new Uint8Array(SIZE.width * SIZE.height).fill(255);

function everything(doc: RegionDocument) {
  return runsWhere(doc.width, doc.height, () => true);
}

/** A small deterministic generator: the same strokes in every run of the tests. */
function randomNumbers(seed: number) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

describe("RegionDocument", () => {
  it("starts with the prediction inside the region and nothing outside", () => {
    const mask = Uint8Array.from([255, 255, 0, 0]);
    const doc = new RegionDocument({ width: 2, height: 2 }, mask, Uint8Array.from([3, 4, 5, 6]));
    expect([...doc.labelMap]).toEqual([3, 4, UNLABELLED, UNLABELLED]);
    expect(doc.numUnlabelled).toBe(0);
    expect(doc.canUndo).toBe(false);
  });

  it("is unlabelled before the first model", () => {
    const doc = new RegionDocument({ width: 2, height: 1 }, Uint8Array.from([255, 0]), null);
    expect([...doc.labelMap]).toEqual([UNLABELLED, UNLABELLED]);
    expect(doc.numUnlabelled).toBe(1);
  });

  it("never paints outside the region", () => {
    const mask = Uint8Array.from([255, 0, 255, 0]);
    const doc = new RegionDocument({ width: 4, height: 1 }, mask, null);
    const patch = doc.edit(everything(doc), 7);
    expect([...doc.labelMap]).toEqual([7, UNLABELLED, 7, UNLABELLED]);
    expect(patch.numChanged).toBe(2);
  });

  it("takes each pixel from another label map when given one, as the eraser does", () => {
    const prediction = Uint8Array.from([1, 2, 3]);
    const doc = new RegionDocument({ width: 3, height: 1 }, Uint8Array.from([1, 1, 1]), prediction);
    doc.edit(everything(doc), VOID);
    doc.edit(
      runsWhere(3, 1, (i) => i > 0),
      prediction,
    );
    expect([...doc.labelMap]).toEqual([VOID, 2, 3]);
  });

  it("makes one undo entry of a stroke, however many writes it has", () => {
    const doc = new RegionDocument(SIZE, FULL, null);
    doc.beginStroke();
    for (let x = 0; x < 90; x += 3) {
      doc.edit(brushRuns({ x, y: 10 }, { x: x + 3, y: 12 }, 9, SIZE.width, SIZE.height), 2);
    }
    doc.commitStroke();
    expect(doc.count(2)).toBeGreaterThan(0);
    expect(doc.undo()).toBe(true);
    expect(doc.numUnlabelled).toBe(doc.area);
    expect(doc.canUndo).toBe(false);
    expect(doc.redo()).toBe(true);
    expect(doc.count(2)).toBeGreaterThan(0);
  });

  it("leaves no entry for a stroke that changed nothing", () => {
    const doc = new RegionDocument(SIZE, FULL, new Uint8Array(FULL.length).fill(1));
    doc.edit(everything(doc), 1);
    expect(doc.canUndo).toBe(false);
  });

  it("forgets redo once something new is painted", () => {
    const doc = new RegionDocument(SIZE, FULL, null);
    doc.edit(everything(doc), 1);
    doc.undo();
    doc.edit(everything(doc), 2);
    expect(doc.canRedo).toBe(false);
  });

  it("takes back an interrupted stroke", () => {
    const doc = new RegionDocument(SIZE, FULL, null);
    doc.beginStroke();
    doc.edit(everything(doc), 1);
    doc.abortStroke();
    expect(doc.numUnlabelled).toBe(doc.area);
    expect(doc.canUndo).toBe(false);
  });

  it("comes back to every earlier state through any number of undos and redos", () => {
    const random = randomNumbers(7);
    const doc = new RegionDocument(SIZE, FULL, null);
    const states = [doc.labelMap.slice()];
    for (let stroke = 0; stroke < 40; stroke++) {
      const from = { x: random() * SIZE.width, y: random() * SIZE.height };
      const to = { x: random() * SIZE.width, y: random() * SIZE.height };
      doc.edit(brushRuns(from, to, 1 + random() * 20, SIZE.width, SIZE.height), Math.floor(random() * 6));
      states.push(doc.labelMap.slice());
    }
    let at = states.length - 1;
    for (let step = 0; step < 300; step++) {
      const back = random() < 0.5;
      if (back ? doc.undo() : doc.redo()) at += back ? -1 : 1;
      expect(doc.labelMap.every((value, i) => value === states[at][i])).toBe(true);
    }
    const counted = states[at].reduce((sum, value) => sum + (value === UNLABELLED ? 1 : 0), 0);
    expect(doc.numUnlabelled).toBe(counted);
  });

  it("says who made a change and where", () => {
    const doc = new RegionDocument(SIZE, FULL, null);
    const patches: Patch[] = [];
    doc.onChange((patch) => patches.push(patch));
    doc.edit(
      runsWhere(SIZE.width, SIZE.height, (i) => i === SIZE.width * 5 + 4),
      1,
    );
    doc.load(new Uint8Array(FULL.length).fill(3));
    doc.undo();
    expect(patches.map((patch) => patch.origin)).toEqual(["user", "server", "undo"]);
    expect(patches[0].rect).toEqual({ x: 4, y: 5, width: 1, height: 1 });
  });

  it("refuses a mask of another size", () => {
    expect(() => new RegionDocument(SIZE, new Uint8Array(3), null)).toThrow("100 x 80");
  });
});

const TILE_BYTES = TILE_PX * TILE_PX + TILE_OVERHEAD_BYTES;

describe("History", () => {
  it("never holds more than its budget, and still undoes what it holds exactly", () => {
    const random = randomNumbers(11);
    const budget = 20 * TILE_BYTES;
    const history = new History(budget);
    const doc = new RegionDocument(SIZE, FULL, null, history);
    let states = [doc.labelMap.slice()];
    for (let step = 0; step < 400; step++) {
      const from = { x: random() * SIZE.width, y: random() * SIZE.height };
      const to = { x: random() * SIZE.width, y: random() * SIZE.height };
      if (random() < 0.2) doc.undo() && states.pop();
      else {
        const patch = doc.edit(brushRuns(from, to, 9, SIZE.width, SIZE.height), Math.floor(random() * 6));
        if (patch.numChanged > 0) states.push(doc.labelMap.slice());
      }
      expect(history.bytes).toBeLessThanOrEqual(budget);
    }
    let undone = 0;
    while (doc.undo()) undone++;
    states = states.slice(0, states.length - undone);
    expect(undone).toBeGreaterThan(1);
    expect([...doc.labelMap]).toEqual([...(states.at(-1) ?? [])]);
  });

  it("lets a stroke go that is larger than the budget", () => {
    const history = new History(TILE_BYTES);
    const doc = new RegionDocument(SIZE, FULL, null, history);
    doc.edit(everything(doc), 1);
    expect([doc.canUndo, history.bytes]).toEqual([false, 0]);
  });

  it("undoes nothing while a stroke is being painted", () => {
    const doc = new RegionDocument(SIZE, FULL, null);
    doc.edit(everything(doc), 1);
    doc.beginStroke();
    doc.edit(everything(doc), 2);
    expect(doc.undo()).toBe(false);
    doc.commitStroke();
    doc.undo();
    expect(doc.count(1)).toBe(doc.area);
  });

  it("lets the oldest strokes go when the byte budget is full", () => {
    const doc = new RegionDocument(SIZE, FULL, null, new History(2 * TILE_BYTES));
    for (let value = 1; value <= 5; value++) {
      doc.edit(
        runsWhere(SIZE.width, SIZE.height, (i) => i === 0),
        value,
      );
    }
    let undone = 0;
    while (doc.undo()) undone++;
    expect(undone).toBe(2);
    expect(doc.at(0, 0)).toBe(3);
  });
});
