import { describe, expect, it } from "vitest";
import { UNLABELLED } from "@/editing/labelMap";
import { RegionDocument } from "@/editing/regionDocument";
import { imagePoint } from "@/viewer/geometry";
import { Viewport } from "@/viewer/viewport";
import { shortcutText } from "./actions";
import { PickTool, SuperpixelTool, WandTool } from "./clickTools";
import { KeyboardCursor } from "./keyboardCursor";
import { PolygonTool } from "./polygonTool";
import { StrokeTool } from "./strokeTool";
import type { Bench, ToolHost } from "./tool";

const BOX = { x: 10, y: 20, width: 6, height: 4 };

function bench(prediction: number | null = null): Bench {
  const numPixels = BOX.width * BOX.height;
  const document = new RegionDocument(
    BOX,
    new Uint8Array(numPixels).fill(255),
    prediction === null ? null : new Uint8Array(numPixels).fill(prediction),
  );
  const segments = Uint16Array.from({ length: numPixels }, (_, i) => (i % BOX.width < 3 ? 500 : 501));
  const rgba = Uint8ClampedArray.from({ length: 4 * numPixels }, (_, i) =>
    (i >> 2) % BOX.width < 2 ? 0 : 200,
  );
  return { document, box: BOX, segments, rgba };
}

function host(table: Bench, paintValue = 2) {
  const picked: number[] = [];
  const it: ToolHost & { picked: number[] } = {
    bench: table,
    settings: { paintValue, brushSize: 1, tolerance: 10 },
    pickValue: (value) => picked.push(value),
    fillRegion: (value) => table.document.edit(table.document.regionRuns(), value),
    invalidate: () => {},
    picked,
  };
  return it;
}

const pointer = (x: number, y: number, pressure = 1) => ({
  at: imagePoint(x, y),
  pressure,
  shiftKey: false,
  altKey: false,
});

describe("brush", () => {
  it("paints the image pixel it is pressed on", () => {
    const table = bench();
    const brush = new StrokeTool("brush", host(table));
    brush.down(pointer(12.5, 21.5));
    brush.up();
    expect(table.document.at(2, 1)).toBe(2);
    expect(table.document.count(2)).toBe(1);
  });

  it("makes one undo entry of down, moves and up", () => {
    const table = bench();
    const brush = new StrokeTool("brush", host(table));
    brush.down(pointer(10.5, 20.5));
    for (let x = 11; x < 16; x++) brush.move(pointer(x + 0.5, 20.5));
    brush.up();
    expect(table.document.count(2)).toBe(6);
    table.document.undo();
    expect(table.document.count(2)).toBe(0);
    expect(table.document.canUndo).toBe(false);
  });

  it("takes an interrupted stroke back", () => {
    const table = bench();
    const brush = new StrokeTool("brush", host(table));
    brush.down(pointer(10.5, 20.5));
    brush.cancel();
    expect(table.document.numUnlabelled).toBe(table.document.area);
  });
});

describe("eraser", () => {
  it("goes back to the prediction where there is one, else to unlabelled", () => {
    for (const [prediction, expected] of [
      [5, 5],
      [null, UNLABELLED],
    ] as const) {
      const table = bench(prediction);
      table.document.edit(table.document.regionRuns(), 1);
      const eraser = new StrokeTool("eraser", host(table));
      eraser.down(pointer(13.5, 22.5));
      eraser.up();
      expect(table.document.at(3, 2)).toBe(expected);
      expect(table.document.at(4, 2)).toBe(1);
    }
  });
});

describe("click tools", () => {
  it("superpixel: one click, one segment", () => {
    const table = bench();
    const tool = new SuperpixelTool(host(table));
    tool.down(pointer(15.5, 20.5));
    tool.up();
    expect(table.document.count(2)).toBe(12);
    expect(table.document.at(2, 0)).toBe(UNLABELLED);
  });

  it("superpixel with Shift: the whole region", () => {
    const table = bench();
    new SuperpixelTool(host(table)).down({ ...pointer(15.5, 20.5), shiftKey: true });
    expect(table.document.count(2)).toBe(table.document.area);
  });

  it("wand: one click, one colour", () => {
    const table = bench();
    new WandTool(host(table)).down(pointer(10.5, 20.5));
    expect(table.document.count(2)).toBe(8);
  });

  it("pick takes a class, but never 'unlabelled'", () => {
    const table = bench();
    const tools = host(table);
    table.document.edit(table.document.regionRuns(), 4);
    new PickTool(tools).down(pointer(11.5, 21.5));
    expect(tools.picked).toEqual([4]);
    const empty = host(bench());
    new PickTool(empty).down(pointer(11.5, 21.5));
    expect(empty.picked).toEqual([]);
  });

  it("does nothing outside the region", () => {
    const table = bench();
    new WandTool(host(table)).down(pointer(2, 2));
    expect(table.document.canUndo).toBe(false);
  });
});

describe("polygon", () => {
  it("fills when its first corner is clicked again", () => {
    const table = bench();
    const tool = new PolygonTool(host(table), () => new Viewport(20));
    for (const [x, y] of [
      [10, 20],
      [13, 20],
      [13, 23],
      [10, 23],
      [10, 20],
    ]) {
      tool.down(pointer(x, y));
    }
    expect(table.document.count(2)).toBe(9);
    expect(tool.isDrawing).toBe(false);
  });

  it("is dropped by cancel", () => {
    const table = bench();
    const tool = new PolygonTool(host(table), () => new Viewport(20));
    tool.down(pointer(10, 20));
    tool.cancel();
    expect(tool.isDrawing).toBe(false);
  });
});

describe("keyboard cursor", () => {
  it("starts in the middle and stays in the box", () => {
    const cursor = new KeyboardCursor();
    cursor.move(0, 0, BOX);
    expect(cursor.at).toEqual({ x: 13.5, y: 22.5 });
    cursor.move(100, -100, BOX);
    expect(cursor.at).toEqual({ x: 15.5, y: 20.5 });
  });
});

describe("shortcutText", () => {
  it("writes keys as people do", () => {
    expect(["$mod+Shift+z", "Shift+?", "BracketLeft", "Shift+ArrowUp"].map(shortcutText)).toEqual([
      "Ctrl+Shift+Z",
      "?",
      "[",
      "Shift+↑",
    ]);
  });
});
