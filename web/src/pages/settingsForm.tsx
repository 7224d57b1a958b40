import type { SettingRow } from "@/api/types";
import { texts, wordsOf } from "@/texts";
import { Field } from "@/ui/bits";

const words = texts.startRound;

interface SettingsFormProps {
  rows: readonly SettingRow[];
  defaultOf(row: SettingRow): unknown;
  /** Only what differs from the defaults. */
  values: Record<string, unknown>;
  onChange(values: Record<string, unknown>): void;
}

/** A setting's text as its type; undefined when it says nothing or what the default says. */
function parsed(row: SettingRow, text: string, standard: unknown): unknown {
  if (text.trim() === "" || text === shown(standard)) return undefined;
  if (row.type === "int") return Math.round(Number(text));
  if (row.type === "float") return Number(text);
  if (row.type === "bool") return text === "true";
  if (row.type.startsWith("tuple"))
    return text
      .split(/[\s,]+/)
      .filter(Boolean)
      .map(Number);
  return text;
}

function shown(value: unknown): string {
  return Array.isArray(value) ? value.join(", ") : String(value ?? "");
}

function bounds(row: SettingRow): string {
  if (row.low === null && row.high === null) return "";
  return ` (${words.bounds(shown(row.low ?? "−∞"), shown(row.high ?? "∞"))})`;
}

function Control({
  row,
  value,
  standard,
  onText,
}: {
  row: SettingRow;
  value: unknown;
  standard: unknown;
  onText(text: string): void;
}) {
  const choices = row.type === "bool" ? ["true", "false"] : row.choices;
  if (choices) {
    return (
      <select
        className="input"
        value={shown(value ?? standard)}
        data-testid={`setting-${row.name}`}
        onChange={(event) => onText(event.target.value)}
      >
        {choices.map((choice) => (
          <option key={choice} value={choice}>
            {choice.replaceAll("_", " ")}
          </option>
        ))}
      </select>
    );
  }
  const isNumber = row.type === "int" || row.type === "float";
  return (
    <input
      className="input"
      type={isNumber ? "number" : "text"}
      min={row.low ?? undefined}
      max={row.high ?? undefined}
      step={row.type === "int" ? 1 : "any"}
      defaultValue={value === undefined ? "" : shown(value)}
      placeholder={shown(standard)}
      data-testid={`setting-${row.name}`}
      onChange={(event) => onText(event.target.value)}
    />
  );
}

/** Every setting a round takes, closed until someone wants it. */
export function SettingsForm({ rows, defaultOf, values, onChange }: SettingsFormProps) {
  const change = (row: SettingRow, text: string) => {
    const { [row.name]: _, ...others } = values;
    const value = parsed(row, text, defaultOf(row));
    onChange(value === undefined ? others : { ...others, [row.name]: value });
  };
  return (
    <details>
      <summary data-testid="more-settings">{words.more}</summary>
      <div className="settings-grid" style={{ marginTop: 12 }}>
        {rows.map((row) => (
          <Field
            key={row.name}
            label={row.name.replaceAll("_", " ")}
            hint={(wordsOf(texts.server.settings, row.name) ?? row.help) + bounds(row)}
          >
            <Control
              row={row}
              value={values[row.name]}
              standard={defaultOf(row)}
              onText={(text) => change(row, text)}
            />
          </Field>
        ))}
      </div>
    </details>
  );
}
