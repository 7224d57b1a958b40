import { describe, expect, it } from "vitest";
import type { LabelClass } from "@/api/types";
import { changesOf, problemOf, rowsOf, withRow } from "./classEditor";

const labelClass = (index: number, name: string, color: string): LabelClass => ({
  index,
  name,
  color,
  description: "",
  example: "",
  merged_into: null,
});
const CLASSES = [labelClass(0, "road", "#ff0000"), labelClass(1, "sky", "#0000ff")];

describe("changesOf", () => {
  it("tells nothing where nothing changed, and leaves empty new rows out", () => {
    expect(changesOf(CLASSES, withRow(rowsOf(CLASSES)))).toEqual([]);
  });

  it("tells renamed and recoloured classes by index and new ones without", () => {
    const [road, sky] = rowsOf(CLASSES);
    const rows = withRow(
      [
        { ...road, name: " street " },
        { ...sky, color: "#00ff00" },
      ],
      "pole",
    );
    expect(changesOf(CLASSES, rows)).toEqual([
      { index: 0, name: "street", color: "#ff0000" },
      { index: 1, name: "sky", color: "#00ff00" },
      { name: "pole", color: rows[2].color },
    ]);
  });
});

describe("problemOf", () => {
  it("refuses an existing class without a name, and the same name twice", () => {
    const [road, sky] = rowsOf(CLASSES);
    expect(problemOf("streets", [road, sky])).toBeNull();
    expect(problemOf("streets", withRow([road, { ...sky, name: " " }], "pole"))).not.toBeNull();
    expect(problemOf("streets", [road, { ...sky, name: "road" }])).toContain("road");
  });
});
