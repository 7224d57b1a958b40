import { Fragment, useEffect, useState } from "react";
import { holderOf, remap, shortcutOf } from "@/annotating/keymap";
import { texts } from "@/texts";
import type { Action } from "@/tools/actions";
import type { ActionId } from "@/tools/editorKeys";
import { keyText } from "./keyText";
import { useKeyText } from "./useKeys";

const words = texts.annotate;

/** A key somebody pressed for an action that belongs to another one. */
interface Conflict {
  readonly id: string;
  readonly shortcut: string;
  readonly holder: ActionId;
}

/** While an action waits for its new key, the next press is that key. */
function useRecording() {
  const [recordingId, setRecordingId] = useState<string | null>(null);
  const [conflict, setConflict] = useState<Conflict | null>(null);
  useEffect(() => {
    if (!recordingId) return;
    const record = (event: KeyboardEvent) => {
      event.preventDefault();
      event.stopPropagation();
      const shortcut = shortcutOf(event);
      if (event.key !== "Escape" && !shortcut) return;
      setRecordingId(null);
      if (!shortcut) return;
      const holder = holderOf(recordingId, shortcut);
      if (holder) setConflict({ id: recordingId, shortcut, holder });
      else remap(recordingId, shortcut);
    };
    window.addEventListener("keydown", record, { capture: true });
    return () => window.removeEventListener("keydown", record, { capture: true });
  }, [recordingId]);
  const start = (id: string) => {
    setConflict(null);
    setRecordingId(id);
  };
  return { recordingId, conflict, start, leave: () => setConflict(null) };
}

interface ConflictRowProps {
  conflict: Conflict;
  onTake(): void;
  onLeave(): void;
}

function ConflictRow({ conflict, onTake, onLeave }: ConflictRowProps) {
  return (
    <div className="form-error row" role="alert" data-testid="key-conflict">
      <span className="grow">
        {words.keyTaken(keyText(conflict.shortcut), words.actions[conflict.holder])}
      </span>
      <button type="button" className="button small" data-testid="take-key" onClick={onTake}>
        {words.takeKey}
      </button>
      <button type="button" className="button small" onClick={onLeave}>
        {texts.common.cancel}
      </button>
    </div>
  );
}

interface KeyRowProps {
  action: Action;
  isRecording: boolean;
  onStart(): void;
}

function KeyRow({ action, isRecording, onStart }: KeyRowProps) {
  const keys = [...new Set(action.shortcuts.map(keyText))];
  return (
    <li>
      <span>{action.label}</span>
      <button
        type="button"
        className="alternatives"
        title={words.changeKey}
        aria-label={`${action.label}: ${keys.join(" ") || words.noKey}. ${words.changeKey}`}
        data-testid={`key-${action.id}`}
        onClick={onStart}
      >
        {isRecording ? (
          <kbd className="recording">{words.pressKey}</kbd>
        ) : (
          keys.map((key) => (
            <Fragment key={key}>
              {" "}
              <kbd>{key}</kbd>
            </Fragment>
          ))
        )}
        {!isRecording && keys.length === 0 && <kbd>{texts.common.none}</kbd>}
      </button>
    </li>
  );
}

/** Every action with its keys; a click on a key waits for another one. */
export function KeyList({ actions }: { actions: readonly Action[] }) {
  const { recordingId, conflict, start, leave } = useRecording();
  const key = useKeyText();
  const groups = [...new Set(actions.map((action) => action.group))];
  const take = () => {
    if (conflict) remap(conflict.id, conflict.shortcut);
    leave();
  };
  return (
    <>
      {conflict && <ConflictRow conflict={conflict} onTake={take} onLeave={leave} />}
      <div className="keys">
        {groups.map((group) => (
          <section key={group}>
            <h3>{group}</h3>
            <ul>
              {actions
                .filter((action) => action.group === group)
                .map((action) => (
                  <KeyRow
                    key={action.id}
                    action={action}
                    isRecording={recordingId === action.id}
                    onStart={() => start(action.id)}
                  />
                ))}
            </ul>
            {group === words.groups.classes && <p className="small muted">{words.helpClassKeys(key)}</p>}
          </section>
        ))}
      </div>
    </>
  );
}
