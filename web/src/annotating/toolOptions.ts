import { create } from "zustand";
import type { BrushShape } from "@/editing/brush";
import { DEFAULT_SETTINGS, type EraseTarget, type PenPressure, type WandBasis } from "@/tools/tool";

const KEY = "segloop.tools";

/** How a person has set the tools; kept in this browser. */
export interface ToolOptions {
  readonly brushShape: BrushShape;
  readonly penPressure: PenPressure;
  readonly eraseTo: EraseTarget;
  readonly wandBasis: WandBasis;
  readonly certaintyTolerance: number;
}

/** What each switch can be, in the order in which its key goes through them. */
export const TOOL_CHOICES = {
  brushShape: ["round", "square"],
  penPressure: ["off", "size", "hardness"],
  eraseTo: ["prediction", "unlabelled"],
  wandBasis: ["color", "probability"],
} as const satisfies { [Name in keyof ToolOptions]?: readonly ToolOptions[Name][] };
export type ToolSwitch = keyof typeof TOOL_CHOICES;

function defaults(): ToolOptions {
  const { brushShape, penPressure, eraseTo, wandBasis, certaintyTolerance } = DEFAULT_SETTINGS;
  return { brushShape, penPressure, eraseTo, wandBasis, certaintyTolerance };
}

function stored(): Partial<ToolOptions> {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "{}") as Partial<ToolOptions>;
  } catch {
    return {};
  }
}

export const useToolOptions = create<ToolOptions>(() => ({ ...defaults(), ...stored() }));

export function setToolOptions(changes: Partial<ToolOptions>): void {
  useToolOptions.setState(changes);
  localStorage.setItem(KEY, JSON.stringify(useToolOptions.getState()));
}

/** The next position of a switch; after the last comes the first. */
export function turnSwitch(name: ToolSwitch): void {
  const choices: readonly string[] = TOOL_CHOICES[name];
  const place = choices.indexOf(useToolOptions.getState()[name]);
  setToolOptions({ [name]: choices[(place + 1) % choices.length] });
}
