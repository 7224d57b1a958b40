import { type AnnotateState, saveStateOf, useAnnotate } from "@/annotating/state";
import { texts } from "@/texts";

const words = texts.saving;

/** Where the work is, in one plain sentence: for the pointer that rests on the word, and for screen readers. */
export function saveSentence(state: AnnotateState): string {
  const { numPending, isSignedOut, storageTrouble } = state;
  const kind = saveStateOf(state);
  const { sentence } = words;
  if (kind === "saved") return sentence.saved;
  if (kind === "saving") return numPending > 0 ? sentence.savingAnswers(numPending) : sentence.savingDraft;
  const offline = numPending > 0 ? sentence.offlineAnswers(numPending) : sentence.offlineDraft;
  const text = isSignedOut ? sentence.signedOut(numPending) : offline;
  return storageTrouble ? `${text} ${sentence.memoryOnly}` : text;
}

/** The word, how many answers wait, whatever else there is to know of saving, and the ways to act on it. */
export function SaveState() {
  const state = useAnnotate(saveStateOf);
  const sentence = useAnnotate(saveSentence);
  const numPending = useAnnotate(({ numPending }) => numPending);
  const numOtherTabs = useAnnotate(({ numOtherTabs }) => numOtherTabs);
  const numKept = useAnnotate(({ kept }) => kept.length);
  return (
    <>
      {numOtherTabs > 0 && (
        <span className="small muted" title={words.otherTabsHelp} data-testid="other-tabs">
          {words.otherTabs(numOtherTabs)}
        </span>
      )}
      {numKept > 0 && (
        <button
          type="button"
          className="button small"
          data-testid="kept-work"
          onClick={() => useAnnotate.setState({ panel: "kept" })}
        >
          {words.kept.button(numKept)}
        </button>
      )}
      <span className="save-state" data-state={state} title={sentence}>
        <span data-testid="save-state">{words.states[state]}</span>
        <span className="sr-only">{sentence}</span>
        {state === "offline" && numPending > 0 && (
          <span data-testid="num-pending">{words.toSend(numPending)}</span>
        )}
      </span>
    </>
  );
}
