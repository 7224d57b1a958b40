import { describe, expect, it } from "vitest";
import { ClassDigits } from "./classDigits";
import { holderOf, shortcutOf, withOverrides } from "./keymap";
import { type SaveState, saveStateOf } from "./state";

describe("ClassDigits", () => {
  it("takes 1-9 at once and two digits after 0", () => {
    const digits = new ClassDigits(() => 0);
    expect(digits.press("7")).toBe(7);
    expect(["0", "1", "2"].map((digit) => digits.press(digit))).toEqual([null, null, 12]);
    expect(digits.press("3")).toBe(3);
  });

  it("forgets a 0 that nothing followed", () => {
    let now = 0;
    const digits = new ClassDigits(() => now);
    digits.press("0");
    now = 5_000;
    expect(digits.press("4")).toBe(4);
  });
});

describe("keymap", () => {
  const press = (key: string, code: string, mods = {}) =>
    shortcutOf({ key, code, ctrlKey: false, altKey: false, shiftKey: false, metaKey: false, ...mods });

  it("writes key presses as shortcuts, and keeps digits, Space and modifiers for themselves", () => {
    expect(press("q", "KeyQ")).toBe("q");
    expect(press("Q", "KeyQ", { shiftKey: true })).toBe("Shift+q");
    expect(press("z", "KeyY", { ctrlKey: true })).toBe("Control+z");
    expect(press("Enter", "Enter", { ctrlKey: true })).toBe("Control+Enter");
    expect([press("3", "Digit3"), press(" ", "Space"), press("Shift", "ShiftLeft")]).toEqual([
      null,
      null,
      null,
    ]);
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
    const action = (id: string, ...shortcuts: string[]) => ({
      id,
      label: id,
      shortcuts,
      group: "g",
      isAvailable: () => true,
      perform() {},
    });
    const actions = [
      action("undo", "$mod+z"),
      action("fit", "Shift+Digit1"),
      action("smaller", "BracketLeft"),
      action("help", "Shift+?", "?"),
    ];
    const holder = (shortcut: string) => holderOf(actions, "brush", shortcut)?.id ?? null;
    expect(["Control+z", "Control+KeyZ", "Shift+1", "[", "?", "z"].map(holder)).toEqual([
      "undo",
      "undo",
      "fit",
      "smaller",
      "help",
      null,
    ]);
    expect(holderOf(actions, "undo", "Control+z")).toBeNull();
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
