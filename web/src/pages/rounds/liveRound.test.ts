import { describe, expect, it } from "vitest";
import type { RoundProgress } from "@/api/types";
import { phaseText, withLoss } from "./liveRound";

const event = (phase: string, step: number, loss: number | null): RoundProgress => ({
  job_id: "j",
  kind: "train",
  fraction: 0,
  phase,
  step,
  num_steps: 10,
  loss,
  eta_seconds: null,
});

describe("withLoss", () => {
  it("counts steps on through the phases and drops what comes twice", () => {
    const events = [
      event("generation 0", 1, 3),
      event("generation 0", 4, 2),
      event("generation 0", 4, 2),
      event("pseudo labels", 2, null),
      event("generation 1", 1, 1),
    ];
    const curve = events.reduce(withLoss, [] as ReturnType<typeof withLoss>);
    expect(curve.map(({ step, loss }) => [step, loss])).toEqual([
      [1, 3],
      [4, 2],
      [5, 1],
    ]);
  });
});

describe("phaseText", () => {
  it("keeps the number, and what it does not know", () => {
    expect(["generation 1", "scoring", "packing boxes"].map(phaseText)).toEqual([
      "generation 1",
      "scoring",
      "packing boxes",
    ]);
  });
});
