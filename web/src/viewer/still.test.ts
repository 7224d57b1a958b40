import { beforeEach, expect, test, vi } from "vitest";
import { drawStill } from "./still";

/** A canvas that only notes what is drawn on it. */
class FakeContext {
  readonly drawn: unknown[] = [];
  constructor(readonly canvas: { width: number; height: number }) {}
  save() {}
  restore() {}
  setTransform() {}
  getTransform() {
    return {};
  }
  drawImage(source: unknown) {
    this.drawn.push(source);
  }
}

const made: FakeContext[] = [];

class FakeCanvas {
  constructor(
    readonly width: number,
    readonly height: number,
  ) {}
  getContext() {
    made.push(new FakeContext(this));
    return made.at(-1);
  }
}

beforeEach(() => {
  made.length = 0;
  vi.stubGlobal("OffscreenCanvas", FakeCanvas);
});

function stage() {
  const context = new FakeContext({ width: 30, height: 20 });
  const qualities: string[] = [];
  const show = (place: string, sources: unknown[] = ["photo"]) =>
    drawStill(context as never, place, sources as never, (target, quality) => {
      qualities.push(quality);
      for (const source of sources) target.drawImage(source as never, 0, 0);
    });
  return { context, qualities, show };
}

test("a view that stays is scaled finely once and then copied", () => {
  const { context, qualities, show } = stage();

  for (let frame = 0; frame < 5; frame++) show("here");

  expect(qualities).toEqual(["low", "high"]);
  expect(made[0].drawn).toEqual(["photo"]);
  const kept = made[0].canvas;
  expect(context.drawn).toEqual(["photo", kept, kept, kept, kept]);
});

test("a view that moves is drawn coarsely at every step", () => {
  const { context, qualities, show } = stage();

  for (const place of ["a", "b", "c"]) show(place);

  expect(qualities).toEqual(["low", "low", "low"]);
  expect(context.drawn).toEqual(["photo", "photo", "photo"]);
});

test("another picture, or a canvas of another size, is drawn anew", () => {
  const { context, qualities, show } = stage();
  show("here");
  show("here");

  show("here", ["photo", "sharper"]);
  show("here", ["photo", "sharper"]);
  context.canvas.width = 31;
  show("here", ["photo", "sharper"]);

  expect(qualities).toEqual(["low", "high", "low", "high", "low"]);
  expect(made.map((context) => context.drawn)).toEqual([["photo"], ["photo", "sharper"]]);
});
