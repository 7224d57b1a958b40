import { useEffect, useState } from "react";
import { remap, shortcutOf } from "@/annotating/keymap";
import { texts } from "@/texts";
import { type Action, shortcutText } from "@/tools/actions";

const words = texts.annotate;

/** While an action waits for its new key, the next press is that key. */
function useRecording(actions: readonly Action[]) {
  const [recordingId, setRecordingId] = useState<string | null>(null);
  const [problem, setProblem] = useState("");
  useEffect(() => {
    if (!recordingId) return;
    const record = (event: KeyboardEvent) => {
      event.preventDefault();
      event.stopPropagation();
      if (event.key === "Escape") return setRecordingId(null);
      const shortcut = shortcutOf(event);
      if (!shortcut) return;
      const holder = remap(actions, recordingId, shortcut);
      setProblem(holder ? words.keyTaken(shortcutText(shortcut), holder.label) : "");
      setRecordingId(null);
    };
    window.addEventListener("keydown", record, { capture: true });
    return () => window.removeEventListener("keydown", record, { capture: true });
  }, [recordingId, actions]);
  return { recordingId, problem, start: setRecordingId };
}

/** Every action with its keys; a click on a key waits for another one. */
export function KeyList({ actions }: { actions: readonly Action[] }) {
  const { recordingId, problem, start } = useRecording(actions);
  const groups = [...new Set(actions.map((action) => action.group))];
  return (
    <>
      {problem && (
        <p className="form-error" role="alert">
          {problem}
        </p>
      )}
      <div className="keys">
        {groups.map((group) => (
          <section key={group}>
            <h3>{group}</h3>
            <ul>
              {actions
                .filter((action) => action.group === group)
                .map((action) => (
                  <li key={action.id}>
                    <span>{action.label}</span>
                    <button
                      type="button"
                      className="alternatives"
                      title={words.changeKey}
                      aria-label={`${words.changeKey}: ${action.label}`}
                      onClick={() => start(action.id)}
                    >
                      {recordingId === action.id ? (
                        <kbd>{words.pressKey}</kbd>
                      ) : (
                        [...new Set(action.shortcuts.map(shortcutText))].map((key) => (
                          <kbd key={key}>{key}</kbd>
                        ))
                      )}
                    </button>
                  </li>
                ))}
            </ul>
            {group === words.groups.classes && <p className="small muted">{words.helpClassKeys}</p>}
          </section>
        ))}
      </div>
    </>
  );
}
