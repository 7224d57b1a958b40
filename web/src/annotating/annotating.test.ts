import { describe, expect, it } from "vitest";
import { type ActionId, DEFAULT_KEYS } from "@/tools/editorKeys";
import { ClassDigits } from "./classDigits";
import { holderOf, shortcutOf, withOverrides } from "./keymap";
import { type SaveState, saveStateOf } from "./state";

describe("ClassDigits", () => {
  it("makes a number of the two digits after its key, and of no others", () => {
    const digits = new ClassDigits(() => 0);
    expect(digits.press("7")).toBeNull();
    digits.start();
    expect(["1", "2", "3"].map((digit) => digits.press(digit))).toEqual([null, 12, null]);
    expect(digits.isWaiting).toBe(false);
  });

  it("forgets a key that nothing followed", () => {
    let now = 0;
    const digits = new ClassDigits(() => now);
    digits.start();
    now = 5_000;
    expect(digits.isWaiting).toBe(false);
    expect(digits.press("4")).toBeNull();
  });
});

describe("keymap", () => {
  const press = (key: string, code: string, mods = {}) =>
    shortcutOf({ key, code, ctrlKey: false, altKey: false, shiftKey: false, metaKey: false, ...mods });

  it("writes key presses as shortcuts, all but Esc, Tab and modifiers alone", () => {
    expect(press("q", "KeyQ")).toBe("q");
    expect(press("Q", "KeyQ", { shiftKey: true })).toBe("Shift+q");
    expect(press("z", "KeyY", { ctrlKey: true })).toBe("Control+z");
    expect(press("Enter", "Enter", { ctrlKey: true })).toBe("Control+Enter");
    expect([press("3", "Digit3"), press("3", "Numpad3"), press(" ", "Space")]).toEqual(["3", "3", "Space"]);
    expect(["Shift", "Escape", "Tab"].map((key) => press(key, key))).toEqual([null, null, null]);
  });

  it("lets a person's key win over the default", () => {
    const action = {
      id: "brush",
      label: "",
      group: "",
      shortcuts: ["b"],
      isAvailable: () => true,
      perform: () => {},
    };
    expect(withOverrides([action], { brush: ["q"] })[0].shortcuts).toEqual(["q"]);
    expect(withOverrides([action], {})[0].shortcuts).toEqual(["b"]);
  });

  it("knows who has a key, however it is written", () => {
    const holder = (shortcut: string) => holderOf("brush", shortcut, {});
    expect(["Control+z", "Control+KeyZ", "Shift+1", "[", "?", "3", "Space", "z"].map(holder)).toEqual([
      "undo",
      "undo",
      "fit",
      "smaller",
      "help",
      "class3",
      "hold",
      null,
    ]);
    expect(holderOf("undo", "Control+z", {})).toBeNull();
    expect(holderOf("brush", "q", { skip: ["q"] })).toBe("skip");
  });

  it("comes with no key twice", () => {
    for (const id of Object.keys(DEFAULT_KEYS) as ActionId[]) {
      for (const key of DEFAULT_KEYS[id]) expect(holderOf(id, key, {}), `${id} ${key}`).toBeNull();
    }
  });
});

describe("small rules", () => {
  it("is only saved when both the answers and the draft are, and somebody is signed in", () => {
    const state = (outbox: SaveState, draft: SaveState, isSignedOut = false) =>
      saveStateOf({ outbox, draft, isSignedOut });
    expect(state("saved", "saved")).toBe("saved");
    expect(state("saving", "saved")).toBe("saving");
    expect(state("saving", "offline")).toBe("offline");
    expect(state("saved", "saved", true)).toBe("offline");
  });
});
