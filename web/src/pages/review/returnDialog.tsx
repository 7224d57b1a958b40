import { type FormEvent, useState } from "react";
import { texts } from "@/texts";
import { Field } from "@/ui/bits";
import { Dialog } from "@/ui/dialog";

const words = texts.review;

/** What the author should look at again. Ctrl+Enter sends it. */
export function ReturnDialog({ onSend, onClose }: { onSend(comment: string): void; onClose(): void }) {
  const [comment, setComment] = useState("");
  const send = (event?: FormEvent) => {
    event?.preventDefault();
    if (comment.trim()) onSend(comment.trim());
  };
  return (
    <Dialog title={words.returnTitle} onClose={onClose}>
      <form onSubmit={send}>
        <div className="content stack">
          <p className="muted">{words.returnLead}</p>
          <Field label={words.comment}>
            <textarea
              className="input"
              rows={4}
              maxLength={4000}
              autoFocus
              data-testid="return-comment"
              value={comment}
              onChange={(event) => setComment(event.target.value)}
              onKeyDown={(event) => {
                if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) send();
              }}
            />
          </Field>
        </div>
        <footer>
          <button type="button" className="button" onClick={onClose}>
            {texts.common.cancel}
          </button>
          <button
            type="submit"
            className="button primary"
            data-testid="confirm-return"
            disabled={!comment.trim()}
          >
            {words.actions.return}
            <kbd>Ctrl ↵</kbd>
          </button>
        </footer>
      </form>
    </Dialog>
  );
}
