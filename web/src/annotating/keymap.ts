import { create } from "zustand";
import type { Action } from "@/tools/actions";

const KEY = "segloop.keys";

/** Action id -> the shortcuts a person gave it; none where they took its key away. */
type Overrides = Readonly<Record<string, readonly string[]>>;

function stored(): Overrides {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? "{}") as Record<string, unknown>;
    return Object.fromEntries(Object.entries(kept).filter(([, keys]) => Array.isArray(keys))) as Overrides;
  } catch {
    return {};
  }
}

export const useKeymap = create<{ overrides: Overrides }>(() => ({ overrides: stored() }));

function keep(overrides: Overrides): void {
  localStorage.setItem(KEY, JSON.stringify(overrides));
  useKeymap.setState({ overrides });
}

export function withOverrides(actions: readonly Action[], overrides: Overrides): Action[] {
  return actions.map((action) => {
    const own = overrides[action.id];
    return own ? { ...action, shortcuts: own } : action;
  });
}

/** A key press in the notation of shortcuts; null for keys that are taken: modifiers alone, digits, Space. */
export function shortcutOf(
  event: Pick<KeyboardEvent, "key" | "code" | "ctrlKey" | "altKey" | "shiftKey" | "metaKey">,
): string | null {
  const { key, code, ctrlKey, altKey, shiftKey, metaKey } = event;
  const mods = [ctrlKey && "Control", altKey && "Alt", shiftKey && "Shift", metaKey && "Meta"].filter(
    Boolean,
  );
  if (["Control", "Alt", "Shift", "Meta", "Escape"].includes(key)) return null;
  if (mods.length === 0 && /^[0-9 ]$/.test(key)) return null;
  // What is printed on the key, where that says it: layouts differ in which code a letter has.
  const isLetter = /^\p{L}$/u.test(key) && !altKey;
  const isSign = key.length === 1 && mods.length === 0 && key !== "+";
  return [...mods, isLetter || isSign ? key.toLowerCase() : code].join("+");
}

const CODES: Record<string, string> = { bracketleft: "[", bracketright: "]", slash: "/" };

/** One spelling for each key press, whether it is told by the key or by its code. */
function canonical(shortcut: string): string {
  const parts = shortcut.replace("$mod", "Control").toLowerCase().split(/\b\+/);
  const last = (parts.pop() ?? "").replace(/^(key|digit)(?=.$)/, "");
  return [...parts.sort(), CODES[last] ?? last].join("+").replace(/^shift\+\?$/, "?");
}

/** The other action that has this key, or null. */
export function holderOf(actions: readonly Action[], id: string, shortcut: string): Action | null {
  const wanted = canonical(shortcut);
  const holds = (action: Action) => action.shortcuts.some((key) => canonical(key) === wanted);
  return actions.find((action) => action.id !== id && holds(action)) ?? null;
}

/** Give an action a key. Whoever had it loses it. */
export function remap(actions: readonly Action[], id: string, shortcut: string): void {
  const overrides: Record<string, readonly string[]> = { ...useKeymap.getState().overrides };
  const holder = holderOf(actions, id, shortcut);
  if (holder) {
    const wanted = canonical(shortcut);
    overrides[holder.id] = holder.shortcuts.filter((key) => canonical(key) !== wanted);
  }
  keep({ ...overrides, [id]: [shortcut] });
}

export function resetKeymap(): void {
  keep({});
}
