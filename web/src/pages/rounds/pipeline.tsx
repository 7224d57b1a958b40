import type { Round, RoundState } from "@/api/types";
import { texts } from "@/texts";

const STEPS = ["training", "scoring", "selecting", "annotating"] as const;

/** Where a round is on its way. */
export function Pipeline({ round: { state, jobs } }: { round: Round }) {
  // A cold start trains nothing: its jobs say so.
  const isCold = jobs.length > 0 && !jobs.some((job) => job.kind === "train");
  const steps: readonly RoundState[] = isCold
    ? STEPS.filter((step) => step === "selecting" || step === "annotating")
    : STEPS;
  const at = state === "closed" ? steps.length : steps.indexOf(state as (typeof STEPS)[number]);
  return (
    <ol className="pipeline">
      {steps.map((step, i) => (
        <li
          key={step}
          className={i < at ? "done" : i === at ? "now" : ""}
          aria-current={i === at ? "step" : undefined}
        >
          {texts.rounds.steps[step as keyof typeof texts.rounds.steps]}
        </li>
      ))}
    </ol>
  );
}
