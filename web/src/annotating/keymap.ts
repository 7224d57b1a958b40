import { create } from "zustand";
import type { Action } from "@/tools/actions";
import { type ActionId, DEFAULT_KEYS } from "@/tools/editorKeys";

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

/** The keys of an action now: a person's own, else those it comes with. */
export function keysOf(
  id: ActionId,
  overrides: Overrides = useKeymap.getState().overrides,
): readonly string[] {
  return overrides[id] ?? DEFAULT_KEYS[id];
}

export function withOverrides(actions: readonly Action[], overrides: Overrides): Action[] {
  return actions.map((action) => {
    const own = overrides[action.id];
    return own ? { ...action, shortcuts: own } : action;
  });
}

/** Keys that belong to nobody: modifiers alone, Esc, which ends the choosing, and Tab, which moves the focus. */
const UNUSABLE = ["Control", "Alt", "AltGraph", "Shift", "Meta", "CapsLock", "Escape", "Tab"];

/** A key press in the notation of shortcuts; null for keys that cannot be given. */
export function shortcutOf(
  event: Pick<KeyboardEvent, "key" | "code" | "ctrlKey" | "altKey" | "shiftKey" | "metaKey">,
): string | null {
  const { key, code, ctrlKey, altKey, shiftKey, metaKey } = event;
  const mods = [ctrlKey && "Control", altKey && "Alt", shiftKey && "Shift", metaKey && "Meta"].filter(
    Boolean,
  );
  if (UNUSABLE.includes(key)) return null;
  // What is printed on the key, where that says it: layouts differ in which code a letter has.
  const isLetter = /^\p{L}$/u.test(key) && !altKey;
  const isSign = /^\S$/u.test(key) && mods.length === 0 && key !== "+";
  return [...mods, isLetter || isSign ? key.toLowerCase() : code].join("+");
}

const CODES: Record<string, string> = { bracketleft: "[", bracketright: "]", slash: "/" };

/** One spelling for each key press, whether it is told by the key or by its code. */
function canonical(shortcut: string): string {
  const parts = shortcut.replace("$mod", "Control").toLowerCase().split(/\b\+/);
  const last = (parts.pop() ?? "").replace(/^(key|digit)(?=.$)/, "");
  return [...parts.sort(), CODES[last] ?? last].join("+").replace(/^shift\+\?$/, "?");
}

/** The other action that has this key, on whichever page, or null. */
export function holderOf(id: string, shortcut: string, overrides?: Overrides): ActionId | null {
  const wanted = canonical(shortcut);
  const holds = (other: ActionId) => keysOf(other, overrides).some((key) => canonical(key) === wanted);
  return (Object.keys(DEFAULT_KEYS) as ActionId[]).find((other) => other !== id && holds(other)) ?? null;
}

/** Give an action a key. Whoever had it loses it. */
export function remap(id: string, shortcut: string): void {
  const overrides: Record<string, readonly string[]> = { ...useKeymap.getState().overrides };
  const wanted = canonical(shortcut);
  const holder = holderOf(id, shortcut);
  if (holder) overrides[holder] = keysOf(holder).filter((key) => canonical(key) !== wanted);
  keep({ ...overrides, [id]: [shortcut] });
}

export function resetKeymap(): void {
  keep({});
}
