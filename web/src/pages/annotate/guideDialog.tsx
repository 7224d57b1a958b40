import { useEffect } from "react";
import { useAnnotate } from "@/annotating/state";
import type { LabelClass, Project } from "@/api/types";
import { texts } from "@/texts";
import { Dialog } from "@/ui/dialog";
import { InlineMarkdown, Markdown } from "@/ui/markdown";
import { Swatch } from "./swatch";

const words = texts.annotate;
const close = () => useAnnotate.setState({ panel: "none" });

function ClassRow({ label_class }: { label_class: LabelClass }) {
  const { index, name, color, description, example } = label_class;
  return (
    <li className="guide-class">
      <Swatch value={index} color={color} />
      <div>
        <b>{name}</b>
        {description && (
          <p>
            <InlineMarkdown text={description} />
          </p>
        )}
        {example && (
          <p className="muted">
            <span className="small">{words.example}</span> <InlineMarkdown text={example} />
          </p>
        )}
      </div>
    </li>
  );
}

/** What the project says about labelling, and its classes. */
export function GuideDialog({ project }: { project: Project }) {
  const guide = project.guide_markdown?.trim();
  const classes = project.label_classes.filter((each) => each.merged_into === null);
  return (
    <Dialog title={words.guideTitle} className="form" onClose={close}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: long text is scrolled by keys */}
      <div className="content stack wide" tabIndex={0} role="document">
        {guide ? <Markdown text={guide} /> : <p className="muted">{words.guideEmpty}</p>}
        <ul className="guide-classes">
          {classes.map((label_class) => (
            <ClassRow key={label_class.index} label_class={label_class} />
          ))}
        </ul>
      </div>
    </Dialog>
  );
}

/** What a project tells; empty when it tells nothing that its class names do not say. */
function contentOf(project: Project): string {
  const classes = project.label_classes.map(({ description, example }) => description + example);
  return [project.guide_markdown ?? "", ...classes].join("\n").trim();
}

/** Changes with the text, so that a changed guide shows once more. */
function mark(text: string): string {
  let hash = 5381;
  for (let at = 0; at < text.length; at++) hash = ((hash * 33) ^ text.charCodeAt(at)) >>> 0;
  return hash.toString(36);
}

/** On the first visit to a project, and after its guide was changed, the guide opens by itself. */
export function useFirstVisit(project: Project): void {
  useEffect(() => {
    const content = contentOf(project);
    const key = `segloop.guide.${project.id}`;
    if (!content || localStorage.getItem(key) === mark(content)) return;
    localStorage.setItem(key, mark(content));
    useAnnotate.setState({ panel: "guide" });
  }, [project]);
}
