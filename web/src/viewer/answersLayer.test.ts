import { describe, expect, it } from "vitest";
import { RegionDocument } from "@/editing/regionDocument";
import { withoutRegion } from "./answersLayer";

describe("withoutRegion", () => {
  it("forgets what is known of the region's own pixels, and only that", () => {
    const box = { x: 1, y: 1, width: 2, height: 2 };
    const document = new RegionDocument(box, Uint8Array.from([255, 0, 255, 255]), null);
    const map = Uint8Array.from([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect([...withoutRegion(map, { width: 3, height: 3 }, document, box)]).toEqual([
      0, 1, 2, 3, 255, 5, 6, 255, 255,
    ]);
    expect([...map]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  });
});
