import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

/** What each folder may import, besides itself. */
const ALLOWED: Record<string, readonly string[]> = {
  editing: [],
  viewer: ["editing"],
  tools: ["editing", "viewer"],
  texts: [],
  api: ["texts"],
  annotating: ["api", "editing", "viewer", "tools", "texts"],
  ui: ["api", "texts"],
};

function importsOf(folder: string): string[] {
  const root = new URL(`./${folder}/`, import.meta.url);
  return readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((file) => /\.tsx?$/.test(file) && !file.endsWith(".test.ts"))
    .flatMap((file) => [...readFileSync(new URL(file, root), "utf8").matchAll(/from "@\/([a-z]+)/gi)])
    .map((match) => match[1]);
}

describe("layers", () => {
  for (const [folder, allowed] of Object.entries(ALLOWED)) {
    it(`${folder} imports only ${allowed.join(", ") || "itself"}`, () => {
      const foreign = importsOf(folder).filter((name) => name !== folder && !allowed.includes(name));
      expect(foreign).toEqual([]);
    });
  }

  it("editing, viewer and tools know no framework", () => {
    for (const folder of ["editing", "viewer", "tools"]) {
      const root = new URL(`./${folder}/`, import.meta.url);
      for (const file of readdirSync(root)) {
        expect(readFileSync(new URL(file, root), "utf8")).not.toMatch(/from "(react|zustand|wouter)/);
      }
    }
  });
});
