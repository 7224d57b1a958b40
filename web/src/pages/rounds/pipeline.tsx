import type { RoundState } from "@/api/types";
import { texts } from "@/texts/en";

const STEPS = ["training", "scoring", "selecting", "annotating"] as const;

/** Where a round is on its way. */
export function Pipeline({ state }: { state: RoundState }) {
  const at = state === "closed" ? STEPS.length : STEPS.indexOf(state as (typeof STEPS)[number]);
  return (
    <ol className="pipeline">
      {STEPS.map((step, i) => (
        <li
          key={step}
          className={i < at ? "done" : i === at ? "now" : ""}
          aria-current={i === at ? "step" : undefined}
        >
          {texts.rounds.steps[step]}
        </li>
      ))}
    </ol>
  );
}
