import { useCallback, useEffect, useState } from "react";
import { resetKeymap } from "@/annotating/keymap";
import { useAnnotate } from "@/annotating/state";
import type { Project } from "@/api/types";
import { texts } from "@/texts";
import type { Action } from "@/tools/actions";
import { Dialog } from "@/ui/dialog";
import { Icon } from "@/ui/icons";
import { KeyList } from "./keyList";
import { useKeyText } from "./useKeys";

const words = texts.annotate;
const close = () => useAnnotate.setState({ panel: "none" });

export function HelpDialog({ actions }: { actions: readonly Action[] }) {
  const key = useKeyText();
  return (
    <Dialog title={words.helpTitle} className="wide" onClose={close}>
      <div className="content stack">
        <p className="muted">{words.helpLead}</p>
        <KeyList actions={actions} />
        <div className="row">
          <p className="small muted grow">{words.helpMouse(key)}</p>
          <button type="button" className="button small" data-testid="reset-keys" onClick={resetKeymap}>
            {words.resetKeys}
          </button>
        </div>
      </div>
    </Dialog>
  );
}

const WELCOME_KEY = "segloop.welcomed";

/** First-run help. It lies in the panel, never over the region, and goes after the first submit. */
export function Welcome({ project }: { project: Project }) {
  const [isWanted, setWanted] = useState(() => localStorage.getItem(WELCOME_KEY) === null);
  const numDone = useAnnotate((state) => state.numDone);
  const key = useKeyText();
  const dismiss = useCallback(() => {
    localStorage.setItem(WELCOME_KEY, "1");
    setWanted(false);
  }, []);
  useEffect(() => {
    if (numDone > 0) dismiss();
  }, [numDone, dismiss]);
  if (!isWanted) return null;
  return (
    <section className="welcome stack tight">
      <div className="row">
        <h2 className="grow">{words.firstTitle}</h2>
        <button
          type="button"
          className="button ghost small icon"
          aria-label={texts.common.dismiss}
          onClick={dismiss}
        >
          <Icon name="close" size={14} />
        </button>
      </div>
      <ol className="steps">
        {words.firstSteps(key).map(([title, body], i) => (
          <li key={title}>
            <span className="n">{i + 1}</span>
            <div className="small">
              <b>{title}</b>
              <p className="muted">{body}</p>
            </div>
          </li>
        ))}
      </ol>
      {project.guide_markdown?.trim() && (
        <button
          type="button"
          className="button small"
          onClick={() => useAnnotate.setState({ panel: "guide" })}
        >
          <Icon name="book" size={14} />
          {words.firstGuide}
        </button>
      )}
    </section>
  );
}
