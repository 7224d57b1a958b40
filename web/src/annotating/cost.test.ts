import { describe, expect, it } from "vitest";
import { RegionDocument } from "@/editing/regionDocument";
import { CostMeter, costFields } from "./cost";
import { IDLE_AFTER_MS, WorkTimer } from "./workTimer";

describe("WorkTimer", () => {
  it("counts work and cuts idle time", () => {
    let now = 0;
    const timer = new WorkTimer(2, () => now);
    timer.touch();
    now = 5_000;
    timer.touch();
    now += 10 * IDLE_AFTER_MS;
    expect(timer.seconds).toBe(2 + 5 + IDLE_AFTER_MS / 1000);
  });

  it("counts nothing while paused", () => {
    let now = 0;
    const timer = new WorkTimer(0, () => now);
    timer.touch();
    now = 1_000;
    timer.pause();
    now = 9_000;
    timer.touch();
    expect(timer.seconds).toBe(1);
  });
});

describe("CostMeter", () => {
  it("goes on from where kept work stood", () => {
    let now = 0;
    const before = { seconds: 2.5, numClicks: 3, numStrokes: 1, numKeys: 7 };
    const meter = new CostMeter(
      before,
      () => 2,
      () => now,
    );
    meter.click();
    now = 1_250;
    meter.key();
    meter.key();
    expect(meter.cost).toEqual({ seconds: 3.8, numClicks: 4, numStrokes: 3, numKeys: 9 });
    expect(costFields(meter.cost)).toEqual({
      seconds_spent: 3.8,
      num_clicks: 4,
      num_strokes: 3,
      num_keys: 9,
    });
  });

  it("takes for a stroke what one undo takes back, undone or not, and nothing that changed no pixel", () => {
    const document = new RegionDocument({ width: 4, height: 1 }, Uint8Array.from([1, 1, 1, 0]), null);
    document.beginStroke();
    document.edit(document.regionRuns(), 1);
    document.edit(document.regionRuns(), 2);
    document.commitStroke();
    document.edit(document.regionRuns(), 2);
    document.undo();
    document.edit(document.regionRuns(), 3);
    document.beginStroke();
    document.edit(document.regionRuns(), 4);
    expect(document.numStrokes).toBe(3);
    document.abortStroke();
    expect(document.numStrokes).toBe(2);
  });
});
