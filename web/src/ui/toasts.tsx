import { create } from "zustand";
import { texts } from "@/texts";
import { Icon } from "./icons";

interface Toast {
  readonly id: number;
  readonly kind: "error" | "info" | "ok";
  readonly title?: string;
  readonly text: string;
}

const LIFE_MS = { error: 9_000, info: 6_000, ok: 4_000 };
let nextId = 1;

const useToasts = create<{ toasts: Toast[] }>(() => ({ toasts: [] }));

const drop = (id: number) =>
  useToasts.setState(({ toasts }) => ({ toasts: toasts.filter((toast) => toast.id !== id) }));

/** Tell something in passing. The same text is shown once. */
export function toast(kind: Toast["kind"], text: string, title?: string): void {
  const { toasts } = useToasts.getState();
  if (toasts.some((shown) => shown.text === text && shown.title === title)) return;
  const id = nextId++;
  useToasts.setState({ toasts: [...toasts, { id, kind, text, title }].slice(-4) });
  setTimeout(() => drop(id), LIFE_MS[kind]);
}

/** An error in the server's own words where it gave some. */
export function toastError(error: unknown, title?: string): void {
  toast("error", error instanceof Error && error.message ? error.message : texts.errors.unexpected, title);
}

export function Toasts() {
  const { toasts } = useToasts();
  return (
    <div className="toasts" role="status" aria-live="polite">
      {toasts.map(({ id, kind, title, text }) => (
        <div key={id} className={`toast ${kind}`}>
          <div>
            {title && <b>{title}</b>}
            <div>{text}</div>
          </div>
          <button
            type="button"
            className="button ghost small icon"
            aria-label={texts.common.dismiss}
            onClick={() => drop(id)}
          >
            <Icon name="close" size={14} />
          </button>
        </div>
      ))}
    </div>
  );
}
