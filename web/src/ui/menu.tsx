import { type ReactNode, useEffect, useRef, useState } from "react";

interface MenuProps {
  label: string;
  trigger: ReactNode;
  className?: string;
  opensUp?: boolean;
  /** Keep the focus where it is when opened by a pointer. */
  keepsFocus?: boolean;
  children(close: () => void): ReactNode;
}

/** A button that opens a list below (or above) itself. */
export function Menu({
  label,
  trigger,
  className = "button ghost icon",
  opensUp,
  keepsFocus,
  children,
}: MenuProps) {
  const [isOpen, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!isOpen) return;
    const leave = (event: Event) => {
      if (
        event instanceof KeyboardEvent
          ? event.key === "Escape"
          : !root.current?.contains(event.target as Node)
      ) {
        setOpen(false);
      }
    };
    document.addEventListener("pointerdown", leave);
    document.addEventListener("keydown", leave);
    return () => {
      document.removeEventListener("pointerdown", leave);
      document.removeEventListener("keydown", leave);
    };
  }, [isOpen]);
  return (
    <div className="menu" ref={root}>
      <button
        type="button"
        className={className}
        aria-label={label}
        title={label}
        aria-haspopup="true"
        aria-expanded={isOpen}
        onPointerDown={(event) => keepsFocus && event.preventDefault()}
        onClick={() => setOpen(!isOpen)}
      >
        {trigger}
      </button>
      {isOpen && <div className={opensUp ? "list up" : "list"}>{children(() => setOpen(false))}</div>}
    </div>
  );
}
