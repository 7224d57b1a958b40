import { type ReactNode, useId, useLayoutEffect, useRef } from "react";
import { texts } from "@/texts";
import { Icon } from "./icons";

interface DialogProps {
  title: string;
  onClose(): void;
  className?: string;
  children: ReactNode;
}

/** A modal dialog: the browser keeps the focus inside, Esc closes it, a click beside it too. */
export function Dialog({ title, onClose, className = "", children }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  // A layout effect: closed before it is taken away, a dialog gives the focus back to what had it.
  useLayoutEffect(() => {
    const dialog = ref.current;
    dialog?.showModal();
    return () => dialog?.close();
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Esc is the key for it, which the browser handles as onCancel
    <dialog
      ref={ref}
      className={className}
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => event.target === ref.current && onClose()}
    >
      <header>
        <h2 id={titleId}>{title}</h2>
        <button type="button" className="button ghost icon" aria-label={texts.common.close} onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      {children}
    </dialog>
  );
}
