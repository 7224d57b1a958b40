import { describe, expect, it } from "vitest";
import { texts as german } from "./de";
import { texts as english } from "./en";
import { grammarOf } from "./grammar";
import { chooseLanguage, wordFor } from "./index";

describe("chooseLanguage", () => {
  it("prefers what was kept, then the browser's first that there is, then English", () => {
    expect(chooseLanguage("de", ["en-GB"])).toBe("de");
    expect(chooseLanguage(null, ["fr-CH", "de-AT", "en"])).toBe("de");
    expect(chooseLanguage("xx", ["fr"])).toBe("en");
  });
});

describe("grammarOf", () => {
  it("picks the form and writes the number as the language does", () => {
    const forms = { one: "# Bild", other: "# Bilder" };
    const { plural } = grammarOf("de");
    expect([0, 1, 1234].map((n) => plural(n, forms))).toEqual(["0 Bilder", "1 Bild", "1.234 Bilder"]);
    expect(grammarOf("pl").plural(3, { few: "# obrazy", other: "# obrazów" })).toBe("3 obrazy");
  });
});

describe("wordFor", () => {
  it("gives the code itself where there is no word", () => {
    expect(wordFor({ done: "Fertig" }, "done")).toBe("Fertig");
    expect(wordFor({ done: "Fertig" }, "toString")).toBe("toString");
  });
});

/** Texts in order, functions called with what they may be called with. */
function leaves(value: unknown, path: string): [string, unknown][] {
  if (typeof value !== "object" || value === null) return [[path, value]];
  return Object.entries(value).flatMap(([key, inner]) => leaves(inner, `${path}.${key}`));
}

describe("German", () => {
  it("has no text that is empty or a placeholder where English has one", () => {
    // what the server says in English is no text of the page; its own test follows the German words
    const ofPage = (all: typeof english) => leaves({ ...all, server: null }, "");
    const theirs = new Map(ofPage(german));
    for (const [path, text] of ofPage(english)) {
      const other = theirs.get(path);
      expect(typeof other, path).toBe(typeof text);
      if (typeof text === "string" && text !== "") expect((other as string).trim(), path).not.toBe("");
    }
    expect(theirs.size).toBe(ofPage(english).length);
  });
});
