import { type FormEvent, useState } from "react";
import { useLocation } from "wouter";
import { projects } from "@/api/endpoints";
import { invalidate, keys } from "@/api/queries";
import type { Project } from "@/api/types";
import { texts } from "@/texts";
import { Field } from "@/ui/bits";
import { Dialog } from "@/ui/dialog";
import { Icon } from "@/ui/icons";
import { toast, toastError } from "@/ui/toasts";
import { AlikeColors, ClassEditor, changesOf, problemOf, rowsOf } from "./classEditor";

const words = texts.projects.edit;
const formWords = texts.projects.form;

/** Bring a deleted project back and show it where it was. */
export async function restoreProject(project: Project): Promise<void> {
  try {
    await projects.restore(project.id);
    toast("ok", words.restored(project.name));
  } catch (error) {
    toastError(error);
  }
  invalidate("projects");
  invalidate(...keys.project(project.id));
}

/** Name, classes, guide, and the way to delete a project; for its owners. */
export function ProjectDialog({ project, onClose }: { project: Project; onClose(): void }) {
  const [, navigate] = useLocation();
  const [name, setName] = useState(project.name);
  const [rows, setRows] = useState(() => rowsOf(project.label_classes));
  const [guide, setGuide] = useState(project.guide_markdown);
  const [problem, setProblem] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);

  const save = async (event: FormEvent) => {
    event.preventDefault();
    const found = problemOf(name, rows);
    setProblem(found);
    if (found) return;
    setBusy(true);
    try {
      const label_classes = changesOf(project.label_classes, rows);
      await projects.update(project.id, {
        ...(name.trim() === project.name ? {} : { name: name.trim() }),
        ...(guide === project.guide_markdown ? {} : { guide_markdown: guide }),
        ...(label_classes.length > 0 ? { label_classes } : {}),
      });
      invalidate(...keys.project(project.id));
      invalidate("projects");
      onClose();
    } catch (error) {
      setProblem((error as Error).message);
      setBusy(false);
    }
  };

  const remove = async () => {
    setBusy(true);
    try {
      await projects.remove(project.id);
    } catch (error) {
      setProblem((error as Error).message);
      setBusy(false);
      return;
    }
    toast("info", words.deleted(project.name), undefined, {
      label: texts.common.undo,
      perform: () => restoreProject(project),
    });
    invalidate("projects");
    navigate("/");
  };

  return (
    <Dialog title={words.title} onClose={onClose} className="form">
      <form onSubmit={save} noValidate data-testid="project-form">
        <div className="content stack wide">
          {problem && (
            <p className="form-error" role="alert">
              {problem}
            </p>
          )}
          <Field label={formWords.name}>
            <input
              className="input"
              value={name}
              maxLength={200}
              data-testid="project-name"
              onChange={(event) => setName(event.target.value)}
            />
          </Field>
          <div className="stack tight">
            <b>{formWords.classes}</b>
            <span className="small faint">{words.classesHelp}</span>
            <ClassEditor rows={rows} onChange={setRows} />
            <AlikeColors rows={rows} onChange={setRows} />
          </div>
          <Field label={formWords.guide}>
            <textarea
              className="input"
              rows={6}
              value={guide}
              placeholder={formWords.guidePlaceholder}
              data-testid="project-guide"
              onChange={(event) => setGuide(event.target.value)}
            />
          </Field>
        </div>
        <footer>
          <button
            type="button"
            className="button danger"
            disabled={isBusy}
            onClick={remove}
            title={words.deleteHelp}
            data-testid="delete-project"
          >
            <Icon name="trash" size={15} />
            {words.delete}
          </button>
          <span className="grow" />
          <button type="button" className="button" onClick={onClose}>
            {texts.common.cancel}
          </button>
          <button type="submit" className="button primary" disabled={isBusy} data-testid="save-project">
            {texts.common.save}
          </button>
        </footer>
      </form>
    </Dialog>
  );
}
