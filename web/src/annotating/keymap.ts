import { create } from "zustand";
import type { Action } from "@/tools/actions";

const KEY = "segloop.keys";

/** Action id -> the shortcut a person gave it. */
type Overrides = Readonly<Record<string, string>>;

function stored(): Overrides {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "{}") as Overrides;
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
    return own ? { ...action, shortcuts: [own] } : action;
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
  const isPlain = key.length === 1 && /[a-z/.,;'-]/i.test(key) && !shiftKey;
  return [...mods, isPlain ? key.toLowerCase() : code].join("+");
}

const same = (a: string, b: string) =>
  a.replace("$mod", "Control").toLowerCase() === b.replace("$mod", "Control").toLowerCase();

/** Give an action a key. Returns the action that has this key already, and then changes nothing. */
export function remap(actions: readonly Action[], id: string, shortcut: string): Action | null {
  const holder = actions.find(
    (action) => action.id !== id && action.shortcuts.some((key) => same(key, shortcut)),
  );
  if (holder) return holder;
  keep({ ...useKeymap.getState().overrides, [id]: shortcut });
  return null;
}

export function resetKeymap(): void {
  keep({});
}
