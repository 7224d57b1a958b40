import { type FormEvent, useCallback, useEffect, useState } from "react";
import type { AnnotateController } from "@/annotating/controller";
import { useAnnotate } from "@/annotating/state";
import { auth } from "@/api/endpoints";
import { ApiError } from "@/api/http";
import type { User } from "@/api/types";
import { texts } from "@/texts";
import { Field } from "@/ui/bits";
import { Dialog } from "@/ui/dialog";

const words = texts.saving.signIn;

/** Asks for a sign-in over the page, which stays as it is below: the region, its undo, everything. */
export function SignIn({ page, user }: { page: AnnotateController; user: User }) {
  const isSignedOut = useAnnotate((state) => state.isSignedOut);
  const [isHidden, setHidden] = useState(false);
  useEffect(() => {
    if (!isSignedOut) setHidden(false);
  }, [isSignedOut]);
  if (!isSignedOut) return null;
  if (!isHidden) return <SignInDialog page={page} user={user} onHide={() => setHidden(true)} />;
  return (
    <div className="notice warn" role="alert">
      <b>{words.title}.</b>
      <button type="button" className="button small primary" onClick={() => setHidden(false)}>
        {words.hidden}
      </button>
    </div>
  );
}

function SignInDialog({ page, user, onHide }: { page: AnnotateController; user: User; onHide(): void }) {
  const [problem, setProblem] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);

  /** Whoever the browser is signed in as now: this page goes on only for its own person. */
  const look = useCallback(async () => {
    const me = await auth.me();
    if (me.id === user.id) page.signedIn();
    else setProblem(words.somebodyElse(user.username));
  }, [page, user]);

  useEffect(() => {
    const lookAgain = () => void look().catch(() => {}); // still signed out, or no server yet
    window.addEventListener("focus", lookAgain);
    return () => window.removeEventListener("focus", lookAgain);
  }, [look]);

  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      await auth.login(user.username, String(new FormData(event.currentTarget).get("password")));
      await look();
    } catch (error) {
      const isWrong = error instanceof ApiError && error.status === 401;
      setProblem(isWrong ? texts.login.wrong : (error as Error).message);
    }
    setBusy(false);
  };

  return (
    <Dialog title={words.title} onClose={onHide}>
      <form onSubmit={submit}>
        <div className="content stack">
          <p>{words.lead}</p>
          {problem && (
            <p className="form-error" role="alert">
              {problem}
            </p>
          )}
          <Field label={words.as(user.username)} hint={words.other}>
            <input
              className="input"
              name="password"
              type="password"
              autoComplete="current-password"
              required
              autoFocus
            />
          </Field>
        </div>
        <footer>
          <button type="submit" className="button primary" disabled={isBusy}>
            {words.submit}
          </button>
        </footer>
      </form>
    </Dialog>
  );
}
