import type { NewRound } from "@/api/types";
import { texts } from "@/texts";
import { Segmented } from "@/ui/bits";

const words = texts.startRound;

export interface Budget {
  readonly kind: "default" | "regions" | "fraction";
  readonly value: string;
}

export const DEFAULT_BUDGET: Budget = { kind: "default", value: "" };

const KINDS = [
  ["default", words.byDefault],
  ["regions", words.byRegions],
  ["fraction", words.byFraction],
] as const;

const FIRST_VALUES = { default: "", regions: "50", fraction: "0.5" };

/** A budget as the server takes it; nothing for the server's own default. */
export function budgetOf({ kind, value }: Budget): Pick<NewRound, "budget_regions" | "budget_fraction"> {
  if (kind === "regions") return { budget_regions: Math.max(0, Math.round(Number(value))) };
  if (kind === "fraction") return { budget_fraction: Math.max(0, Number(value)) / 100 };
  return {};
}

/** How much a round may ask: regions, a share of the pool's pixels, or the default. */
export function BudgetFields({ budget, onChange }: { budget: Budget; onChange(budget: Budget): void }) {
  const { kind, value } = budget;
  return (
    <div className="stack tight">
      <div className="row wrap">
        <b className="grow">{words.budget}</b>
        <Segmented
          label={words.budget}
          value={kind}
          options={KINDS}
          onChange={(next: Budget["kind"]) => onChange({ kind: next, value: FIRST_VALUES[next] })}
        />
      </div>
      {kind === "default" ? (
        <p className="small muted">{words.defaultHelp}</p>
      ) : (
        <>
          <input
            className="input"
            type="number"
            min={0}
            step={kind === "regions" ? 1 : "any"}
            max={kind === "regions" ? undefined : 100}
            required
            value={value}
            aria-label={kind === "regions" ? words.regionsLabel : words.fractionLabel}
            data-testid="round-budget"
            onChange={(event) => onChange({ kind, value: event.target.value })}
          />
          <p className="small muted">{kind === "regions" ? words.zeroHelp : words.fractionLabel}</p>
        </>
      )}
    </div>
  );
}
