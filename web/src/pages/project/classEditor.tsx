import { type ClipboardEvent, useRef } from "react";
import type { LabelClass } from "@/api/types";
import { texts } from "@/texts";
import { alikePairs } from "@/ui/colorVision";
import { Icon } from "@/ui/icons";
import { nextColor } from "@/ui/palette";

const words = texts.projects.form;

export interface ClassRow {
  readonly key: number;
  /** Of a class that exists: it can be renamed and recoloured, never removed. */
  readonly index?: number;
  readonly name: string;
  readonly color: string;
}

let nextKey = 1;

export function withRow(rows: readonly ClassRow[], name = ""): ClassRow[] {
  return [...rows, { key: nextKey++, name, color: nextColor(rows.map((row) => row.color)) }];
}

export function rowsOf(classes: readonly LabelClass[]): ClassRow[] {
  return classes.map(({ index, name, color }) => ({ key: nextKey++, index, name, color }));
}

/** What the server is told: the classes that changed, by index, and those that are new. */
export function changesOf(classes: readonly LabelClass[], rows: readonly ClassRow[]) {
  return rows
    .map(({ index, name, color }) => ({ index, name: name.trim(), color }))
    .filter(({ index, name, color }) => {
      const before = classes.find((each) => each.index === index);
      return before ? before.name !== name || before.color !== color : name !== "";
    })
    .map(({ index, ...rest }) => (index === undefined ? rest : { index, ...rest }));
}

/** Why a project cannot be kept like this, or null. */
export function problemOf(name: string, rows: ClassRow[]): string | null {
  if (!name.trim()) return words.needsName;
  const names = rows.map((row) => row.name.trim()).filter(Boolean);
  if (rows.some((row) => row.index !== undefined && !row.name.trim())) return words.needsClassName;
  if (names.length < 2) return words.needsClasses;
  const twice = names.find((other, i) => names.indexOf(other) !== i);
  return twice ? words.duplicate(twice) : null;
}

export function ClassEditor({ rows, onChange }: { rows: ClassRow[]; onChange(rows: ClassRow[]): void }) {
  const list = useRef<HTMLDivElement>(null);
  const change = (key: number, part: Partial<ClassRow>) =>
    onChange(rows.map((row) => (row.key === key ? { ...row, ...part } : row)));
  const paste = (event: ClipboardEvent, key: number) => {
    const names = event.clipboardData
      .getData("text")
      .split(/\r?\n/)
      .map((line) => line.trim())
      .filter(Boolean);
    if (names.length < 2) return;
    event.preventDefault();
    const at = rows.findIndex((row) => row.key === key);
    const before = rows.map((row, i) => (i === at ? { ...row, name: names[0] } : row)).slice(0, at + 1);
    const after = rows.slice(at + 1).filter((row) => row.name.trim() || row.index !== undefined);
    onChange([...names.slice(1).reduce(withRow, before), ...after]);
  };
  const add = () => {
    onChange(withRow(rows));
    requestAnimationFrame(() =>
      list.current?.querySelector<HTMLInputElement>(".class-row:last-child .input")?.focus(),
    );
  };
  return (
    <div className="stack tight">
      <div className="class-rows" ref={list}>
        {rows.map((row, i) => (
          <div className="class-row" key={row.key}>
            <input
              type="color"
              value={row.color}
              aria-label={words.classColor(i + 1)}
              onChange={(event) => change(row.key, { color: event.target.value })}
            />
            <input
              className="input"
              value={row.name}
              aria-label={words.className(i + 1)}
              data-testid={`new-class-${i}`}
              onChange={(event) => change(row.key, { name: event.target.value })}
              onPaste={(event) => paste(event, row.key)}
            />
            {row.index === undefined && (
              <button
                type="button"
                className="button ghost small icon"
                aria-label={words.removeClass(i + 1)}
                disabled={rows.length <= 1}
                onClick={() => onChange(rows.filter((other) => other.key !== row.key))}
              >
                <Icon name="close" size={14} />
              </button>
            )}
          </div>
        ))}
      </div>
      <div className="row">
        <button type="button" className="button small" onClick={add}>
          <Icon name="plus" size={14} />
          {words.addClass}
        </button>
        <span className="small faint">{words.pasteHint}</span>
      </div>
    </div>
  );
}

/** Colours that somebody could take for each other. A warning, no refusal: a project may have its colours given. */
export function AlikeColors({
  rows,
  onChange,
}: {
  rows: readonly ClassRow[];
  onChange(rows: ClassRow[]): void;
}) {
  const named = rows.filter((row) => row.name.trim());
  const pairs = alikePairs(named.map((row) => row.color));
  if (pairs.length === 0) return null;
  const [first, second] = pairs[0].map((place) => named[place].name.trim());
  const recolored = (all: ClassRow[], row: ClassRow) => [
    ...all,
    { ...row, color: nextColor(all.map((other) => other.color)) },
  ];
  const distinct = () => onChange(rows.reduce(recolored, [] as ClassRow[]));
  return (
    <div className="form-note row" role="status" data-testid="alike-colors">
      <span className="grow">
        {words.alike(first, second)} {pairs.length > 1 && words.moreAlike(pairs.length - 1)}
      </span>
      <button type="button" className="button small" onClick={distinct}>
        {words.distinctColors}
      </button>
    </div>
  );
}
