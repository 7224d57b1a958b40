import { type FormEvent, useState } from "react";
import { useLocation } from "wouter";
import { projects } from "@/api/endpoints";
import { invalidate } from "@/api/queries";
import type { PartitionKind } from "@/api/types";
import { texts } from "@/texts";
import { Field } from "@/ui/bits";
import { Dialog } from "@/ui/dialog";
import { AlikeColors, ClassEditor, problemOf, withRow } from "./project/classEditor";

const words = texts.projects.form;

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
