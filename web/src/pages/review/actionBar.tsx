import { type Action, shortcutText } from "@/tools/actions";
import { keepFocus } from "../annotate/toolbar";

interface ReviewButtonProps {
  action: Action;
  className?: string;
  text?: string;
}

/** A button of the bar below the pictures, with its key on it. */
export function ReviewButton({ action, className = "", text }: ReviewButtonProps) {
  const key = shortcutText(action.shortcuts[0] ?? "");
  return (
    <button
      type="button"
      className={`button ${className}`}
      data-testid={`review-${action.id}`}
      title={`${action.label} (${key})`}
      aria-keyshortcuts={key}
      disabled={!action.isAvailable()}
      onPointerDown={keepFocus}
      onClick={() => action.perform()}
    >
      {text ?? action.label}
      <kbd>{key}</kbd>
    </button>
  );
}
