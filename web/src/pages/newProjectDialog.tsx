import { type ClipboardEvent, type FormEvent, useRef, useState } from "react";
import { useLocation } from "wouter";
import { projects } from "@/api/endpoints";
import { invalidate } from "@/api/queries";
import type { PartitionKind } from "@/api/types";
import { texts } from "@/texts";
import { Field } from "@/ui/bits";
import { alikePairs } from "@/ui/colorVision";
import { Dialog } from "@/ui/dialog";
import { Icon } from "@/ui/icons";
import { nextColor } from "@/ui/palette";

const words = texts.projects.form;

interface ClassRow {
  key: number;
  name: string;
  color: string;
}

let nextKey = 1;

function withRow(rows: ClassRow[], name = ""): ClassRow[] {
  return [...rows, { key: nextKey++, name, color: nextColor(rows.map((row) => row.color)) }];
}

function problemOf(name: string, rows: ClassRow[]): string | null {
  if (!name.trim()) return words.needsName;
  const names = rows.map((row) => row.name.trim()).filter(Boolean);
  if (names.length < 2) return words.needsClasses;
  const twice = names.find((other, i) => names.indexOf(other) !== i);
  return twice ? words.duplicate(twice) : null;
}

function ClassEditor({ rows, onChange }: { rows: ClassRow[]; onChange(rows: ClassRow[]): void }) {
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
    const after = rows.slice(at + 1).filter((row) => row.name.trim());
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
            <button
              type="button"
              className="button ghost small icon"
              aria-label={words.removeClass(i + 1)}
              disabled={rows.length <= 1}
              onClick={() => onChange(rows.filter((other) => other.key !== row.key))}
            >
              <Icon name="close" size={14} />
            </button>
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
function AlikeColors({ rows, onChange }: { rows: ClassRow[]; onChange(rows: ClassRow[]): void }) {
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

function PartitionChoice({ kind, onChange }: { kind: PartitionKind; onChange(kind: PartitionKind): void }) {
  return (
    <div className="choices">
      {(["grid", "superpixel"] as const).map((id) => (
        <label className="choice" key={id}>
          <input type="radio" name="kind" value={id} checked={kind === id} onChange={() => onChange(id)} />
          <span>
            <b>{words[id]}</b>
            <span className="small muted">{id === "grid" ? words.gridHelp : words.superpixelHelp}</span>
          </span>
        </label>
      ))}
    </div>
  );
}

export function NewProjectDialog({ onClose }: { onClose(): void }) {
  const [, navigate] = useLocation();
  const [name, setName] = useState("");
  const [rows, setRows] = useState(() => withRow(withRow(withRow([]))));
  const [kind, setKind] = useState<PartitionKind>("grid");
  const [problem, setProblem] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);

  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const found = problemOf(name, rows);
    setProblem(found);
    if (found) return;
    setBusy(true);
    try {
      const size = Number(form.get("size_px"));
      const project = await projects.create({
        name: name.trim(),
        label_classes: rows
          .filter((row) => row.name.trim())
          .map((row) => ({ name: row.name.trim(), color: row.color })),
        partition: { kind, ...(size > 0 ? { size_px: size } : {}) },
        guide_markdown: String(form.get("guide") ?? ""),
      });
      invalidate("projects");
      navigate(`/projects/${project.id}`);
    } catch (error) {
      setProblem((error as Error).message);
      setBusy(false);
    }
  };

  return (
    <Dialog title={words.title} onClose={onClose} className="form">
      <form onSubmit={submit} noValidate>
        <div className="content stack wide">
          {problem && (
            <p className="form-error" role="alert">
              {problem}
            </p>
          )}
          <Field label={words.name}>
            <input
              className="input"
              name="name"
              value={name}
              maxLength={200}
              placeholder={words.namePlaceholder}
              data-testid="project-name"
              onChange={(event) => setName(event.target.value)}
            />
          </Field>
          <div className="stack tight">
            <b>{words.classes}</b>
            <span className="small faint">{words.classesHelp}</span>
            <ClassEditor rows={rows} onChange={setRows} />
            <AlikeColors rows={rows} onChange={setRows} />
          </div>
          <div className="stack tight">
            <b>{words.partition}</b>
            <PartitionChoice kind={kind} onChange={setKind} />
          </div>
          <Field label={words.size}>
            <input
              className="input"
              name="size_px"
              type="number"
              min={2}
              max={8192}
              placeholder={words.sizeAuto}
            />
          </Field>
          <Field label={words.guide}>
            <textarea className="input" name="guide" rows={3} placeholder={words.guidePlaceholder} />
          </Field>
        </div>
        <footer>
          <button type="button" className="button" onClick={onClose}>
            {texts.common.cancel}
          </button>
          <button type="submit" className="button primary" disabled={isBusy} data-testid="create-project">
            {words.submit}
          </button>
        </footer>
      </form>
    </Dialog>
  );
}
