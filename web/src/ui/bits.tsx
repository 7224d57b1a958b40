import type { ReactNode } from "react";
import type { RoundState } from "@/api/types";
import { texts } from "@/texts";
import { Icon, type IconName } from "./icons";

export function Empty({ icon, title, children }: { icon: IconName; title: string; children?: ReactNode }) {
  return (
    <div className="empty">
      <span className="glyph">
        <Icon name={icon} size={30} />
      </span>
      <h2>{title}</h2>
      {children}
    </div>
  );
}

export function Skeleton({ height, width = "100%" }: { height: number; width?: number | string }) {
  return <div className="skeleton" style={{ height, width }} aria-hidden="true" />;
}

/** `fraction` null: something runs, nobody knows how far it is. */
export function Progress({
  fraction,
  label,
  testId,
}: {
  fraction: number | null;
  label: string;
  testId?: string;
}) {
  const percent = fraction === null ? undefined : Math.round(100 * fraction);
  return (
    <div
      className={fraction === null ? "progress unknown" : "progress"}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent}
      data-testid={testId}
    >
      <div style={percent === undefined ? undefined : { width: `${percent}%` }} />
    </div>
  );
}

const ROUND_TONES: Record<RoundState, string> = {
  queued: "warn busy",
  training: "accent busy",
  scoring: "accent busy",
  selecting: "accent busy",
  annotating: "ok",
  closed: "",
  failed: "danger",
  cancelled: "",
};

export function RoundBadge({ state, testId }: { state: RoundState; testId?: string }) {
  return (
    <span className={`badge ${ROUND_TONES[state] ?? ""}`} data-testid={testId} data-state={state}>
      {texts.common.roundStates[state] ?? state}
    </span>
  );
}

export function Field({ label, hint, children }: { label: string; hint?: ReactNode; children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the control is the child
    <label className="field">
      <span className="label">{label}</span>
      {children}
      {hint && <span className="hint">{hint}</span>}
    </label>
  );
}

interface SegmentedProps<T extends string> {
  label: string;
  value: T;
  options: readonly (readonly [NoInfer<T>, string])[];
  onChange(value: NoInfer<T>): void;
}

export function Segmented<T extends string>({ label, value, options, onChange }: SegmentedProps<T>) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset cannot be laid out inline
    <div className="segmented" role="group" aria-label={label}>
      {options.map(([id, text]) => (
        <button key={id} type="button" aria-pressed={id === value} onClick={() => onChange(id)}>
          {text}
        </button>
      ))}
    </div>
  );
}

export function Switch(props: {
  label: string;
  checked: boolean;
  disabled?: boolean;
  onChange(on: boolean): void;
}) {
  return (
    <label className="switch">
      <input
        type="checkbox"
        role="switch"
        aria-checked={props.checked}
        checked={props.checked}
        disabled={props.disabled}
        onChange={(event) => props.onChange(event.target.checked)}
      />
      <span>{props.label}</span>
    </label>
  );
}
