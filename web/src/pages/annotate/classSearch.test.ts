import { describe, expect, it } from "vitest";
import type { LabelClass } from "@/api/types";
import { matching } from "./classSearch";

const classes = ["Road", "Crossroad", "Sky", "Railroad"].map(
  (name, index) => ({ name, index }) as LabelClass,
);

describe("matching", () => {
  it("finds parts of names, beginnings first, else in the project's order", () => {
    expect(matching(classes, " ROAD").map(({ index }) => index)).toEqual([0, 1, 3]);
    expect(matching(classes, "").length).toBe(4);
    expect(matching(classes, "sea")).toEqual([]);
  });
});
