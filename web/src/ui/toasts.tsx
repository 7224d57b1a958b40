import { create } from "zustand";
import { texts } from "@/texts";
import { Icon } from "./icons";

interface ToastAction {
  readonly label: string;
  perform(): void;
}

interface Toast {
  readonly id: number;
  readonly kind: "error" | "info" | "ok";
  readonly title?: string;
  readonly text: string;
  readonly action?: ToastAction;
}

const LIFE_MS = { error: 9_000, info: 6_000, ok: 4_000 };
/** With something to click, which takes a moment to be found. */
const ACTION_LIFE_MS = 15_000;
let nextId = 1;

const useToasts = create<{ toasts: Toast[] }>(() => ({ toasts: [] }));

const drop = (id: number) =>
  useToasts.setState(({ toasts }) => ({ toasts: toasts.filter((toast) => toast.id !== id) }));

/** Tell something in passing. The same text is shown once. */
export function toast(kind: Toast["kind"], text: string, title?: string, action?: ToastAction): void {
  const { toasts } = useToasts.getState();
  if (toasts.some((shown) => shown.text === text && shown.title === title)) return;
  const id = nextId++;
  useToasts.setState({ toasts: [...toasts, { id, kind, text, title, action }].slice(-4) });
  setTimeout(() => drop(id), action ? ACTION_LIFE_MS : LIFE_MS[kind]);
}

/** An error in the server's own words where it gave some. */
export function toastError(error: unknown, title?: string): void {
  toast("error", error instanceof Error && error.message ? error.message : texts.errors.unexpected, title);
}

export function Toasts() {
  const { toasts } = useToasts();
  return (
    <div className="toasts" role="status" aria-live="polite">
      {toasts.map(({ id, kind, title, text, action }) => (
        <div key={id} className={`toast ${kind}`}>
          <div>
            {title && <b>{title}</b>}
            <div>{text}</div>
          </div>
          {action && (
            <button
              type="button"
              className="button small"
              data-testid="toast-action"
              onClick={() => {
                drop(id);
                action.perform();
              }}
            >
              {action.label}
            </button>
          )}
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
