import { tinykeys } from "tinykeys";

/** Something a person can do: one list feeds the toolbar, the keys and the help. */
export interface Action {
  readonly id: string;
  readonly label: string;
  /** In the notation of tinykeys; several are alternatives. */
  readonly shortcuts: readonly string[];
  readonly group: string;
  isAvailable(): boolean;
  perform(): void;
  /** Of what lasts while its key is held: the key came up, or was lost because the window is no longer heard. */
  release?(isLost: boolean): void;
}

const KEY_NAMES: Record<string, string> = {
  $mod: "Ctrl",
  Control: "Ctrl",
  ArrowLeft: "←",
  ArrowRight: "→",
  ArrowUp: "↑",
  ArrowDown: "↓",
  BracketLeft: "[",
  BracketRight: "]",
  Equal: "+",
  NumpadAdd: "+",
  Minus: "-",
  NumpadSubtract: "-",
  Escape: "Esc",
};

/** A shortcut as people write it: "$mod+Shift+z" is "Ctrl+Shift+Z". */
export function shortcutText(shortcut: string): string {
  if (shortcut === "Shift+?") return "?";
  return shortcut
    .split("+")
    .map((key) => KEY_NAMES[key] ?? key.replace(/^(Key|Digit)(?=.$)/, ""))
    .map((key) => (key.length === 1 ? key.toUpperCase() : key))
    .join("+");
}

/** True where keys belong to what has the focus: fields, open dialogs and, for Enter and Space, buttons. */
export function isKeyTaken(event: KeyboardEvent): boolean {
  const target = event.target instanceof Element ? event.target : null;
  if (document.querySelector("dialog[open]")) return true;
  if (!target) return false;
  if (target.closest("textarea, select, input:not([type=range]):not([type=checkbox])"))
    return event.key !== "Escape";
  if (target.closest("input[type=range]")) return event.key.startsWith("Arrow");
  return (
    (event.key === "Enter" || event.key === " ") &&
    target.closest("button, a, summary, [role=option]") !== null
  );
}

/** Bind every action's keys until the returned function is called. An action that is not available lets keys pass. */
export function bindActions(target: Window, actions: readonly Action[]): () => void {
  const held = new Map<string, Action>();
  const handlers: Record<string, (event: KeyboardEvent) => void> = {};
  for (const action of actions) {
    for (const shortcut of action.shortcuts) {
      handlers[shortcut] = (event) => {
        if (isKeyTaken(event) || !action.isAvailable()) return;
        event.preventDefault();
        if (action.release && event.repeat) return;
        if (action.release) held.set(event.code, action);
        action.perform();
      };
    }
  }
  const release = (event: KeyboardEvent) => {
    held.get(event.code)?.release?.(false);
    held.delete(event.code);
  };
  const lose = () => {
    for (const action of held.values()) action.release?.(true);
    held.clear();
  };
  const unbind = tinykeys(target, handlers);
  target.addEventListener("keyup", release);
  target.addEventListener("blur", lose);
  return () => {
    lose();
    unbind();
    target.removeEventListener("keyup", release);
    target.removeEventListener("blur", lose);
  };
}
