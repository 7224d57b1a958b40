import { type FormEvent, useEffect, useState } from "react";
import { useLocation } from "wouter";
import { auth } from "@/api/endpoints";
import { API, ApiError } from "@/api/http";
import { queryClient } from "@/api/queries";
import { texts } from "@/texts";
import { Field } from "@/ui/bits";
import { Logo } from "@/ui/icons";
import { LanguageRow } from "@/ui/languages";

const words = texts.login;

/** Where to go after signing in: only paths of this page. */
function nextPath(): string {
  const next = new URLSearchParams(window.location.search).get("next") ?? "/";
  return next.startsWith("/") && !next.startsWith("//") ? next : "/";
}

export default function LoginPage() {
  const [, navigate] = useLocation();
  const [problem, setProblem] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);

  useEffect(() => {
    document.title = `${words.title} · ${texts.common.product}`;
    const token = new URLSearchParams(window.location.search).get("token");
    if (token) window.location.replace(`${API}/auth/link?token=${encodeURIComponent(token)}`);
  }, []);

  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    setProblem(null);
    try {
      await auth.login(String(form.get("username")), String(form.get("password")));
      queryClient.clear();
      navigate(nextPath(), { replace: true });
    } catch (error) {
      const isWrong = error instanceof ApiError && error.status === 401;
      setProblem(isWrong ? words.wrong : (error as Error).message);
      setBusy(false);
    }
  };

  return (
    <main className="login" id="content">
      <form onSubmit={submit}>
        <h1 className="brand">
          <Logo size={30} />
          {texts.common.product}
        </h1>
        <p className="muted">{words.lead}</p>
        {problem && (
          <p className="form-error" role="alert">
            {problem}
          </p>
        )}
        <Field label={words.username}>
          {/* biome-ignore lint/a11y/noAutofocus: the page has one thing to do */}
          <input className="input" name="username" autoComplete="username" required autoFocus />
        </Field>
        <Field label={words.password}>
          <input className="input" name="password" type="password" autoComplete="current-password" required />
        </Field>
        <button type="submit" className="button primary" disabled={isBusy}>
          {isBusy ? words.submitting : words.submit}
        </button>
        <p className="small faint">{words.link}</p>
        <LanguageRow />
      </form>
    </main>
  );
}
