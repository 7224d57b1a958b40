import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { server as german } from "./de/server";

/** The description that `./run check` compares with the server's code. */
const description = JSON.parse(readFileSync(new URL("../../openapi.json", import.meta.url), "utf8"));
const schemas = description.components.schemas;
const names = (words: object) => Object.keys(words).sort();
const all = (found: string[]) => found.toSorted();

describe("the server's words in German", () => {
  it("are there for every code, setting, method and acquisition the server has, and for no other", () => {
    expect(names(german.problems)).toEqual(all(schemas.ProblemCode.enum));
    expect(names(german.settings)).toEqual(all(schemas.SettingOut.properties.name.enum));
    expect(names(german.methods)).toEqual(all(schemas.Method.enum));
    expect(names(german.acquisitions)).toEqual(all(schemas.Acquisition.enum));
  });

  it("name what the server names", () => {
    const said = german.problems.round_active({ number: 3, state: "training" });
    expect(said).toContain("Runde 3");
    expect(said).toContain("Trainiert");
    expect(german.problems.username_taken({ username: "mira" })).toContain("„mira“");
  });
});
