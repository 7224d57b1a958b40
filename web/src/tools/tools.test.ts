import { describe, expect, it } from "vitest";
import { UNLABELLED } from "@/editing/labelMap";
import { RegionColors } from "@/editing/regionColors";
import { RegionDocument } from "@/editing/regionDocument";
import { imagePoint } from "@/viewer/geometry";
import { Viewport } from "@/viewer/viewport";
import { shortcutText } from "./actions";
import { CopyTool, PickTool, ReplaceTool, WandTool } from "./clickTools";
import { KeyboardControl } from "./keyboardControl";
import { KeyboardCursor } from "./keyboardCursor";
import { PolygonTool } from "./polygonTool";
import { StrokeTool } from "./strokeTool";
import { SuperpixelTool } from "./superpixelTool";
import { type Bench, DEFAULT_SETTINGS, type Tool, type ToolHost, type ToolSettings } from "./tool";

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
  const maxProbs = Uint8Array.from({ length: numPixels }, (_, i) => 250 - 20 * (i % BOX.width));
  return { document, box: BOX, segments, colors: new RegionColors(rgba, BOX, BOX), maxProbs };
}

function host(table: Bench, settings: Partial<ToolSettings> = {}) {
  const picked: number[] = [];
  const it: ToolHost & { picked: number[] } = {
    bench: table,
    settings: { ...DEFAULT_SETTINGS, paintValue: 2, brushSize: 1, tolerance: 10, ...settings },
    pickValue: (value) => picked.push(value),
    fillRegion: (value) => table.document.edit(table.document.regionRuns(), value),
    invalidate: () => {},
    picked,
  };
  return it;
}

/** Clicks come a second apart, so none is the second half of a double click. */
let clock = 0;
function pointer(x: number, y: number, pressure = 1) {
  clock += 1000;
  return { at: imagePoint(x, y), pressure, shiftKey: false, timeMs: clock };
}

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

describe("pen pressure", () => {
  const stroke = (settings: Partial<ToolSettings>, pressure: number) => {
    const table = bench();
    const brush = new StrokeTool("brush", host(table, { brushSize: 4, ...settings }));
    brush.down(pointer(13, 22, pressure));
    brush.up();
    return table.document;
  };

  it("changes the size: a quarter of it at rest, all of it when firm", () => {
    expect(stroke({ brushShape: "square" }, 1).count(2)).toBe(16);
    expect(stroke({ brushShape: "square" }, 0).count(2)).toBe(1);
    expect(stroke({ brushShape: "square", penPressure: "off" }, 0).count(2)).toBe(16);
  });

  it("changes the hardness: a light touch stays on the colour under its tip", () => {
    const soft = stroke({ brushShape: "square", penPressure: "hardness" }, 0.5);
    expect(soft.count(2)).toBe(12); // the first of its four columns is dark, the tip is on a bright pixel
    expect(soft.at(1, 1)).toBe(UNLABELLED);
    expect(stroke({ brushShape: "square", penPressure: "hardness" }, 1).count(2)).toBe(16);
  });
});

describe("eraser", () => {
  it("goes to unlabelled when that is chosen, prediction or not", () => {
    const table = bench(5);
    const eraser = new StrokeTool("eraser", host(table, { eraseTo: "unlabelled" }));
    eraser.down(pointer(13.5, 22.5));
    eraser.up();
    expect(table.document.at(3, 2)).toBe(UNLABELLED);
    expect(table.document.numUnlabelled).toBe(1);
  });

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

  it("superpixel: a drag takes every segment on its way, however fast, in one undo entry", () => {
    const table = bench();
    const tool = new SuperpixelTool(host(table));
    tool.down(pointer(10.5, 20.5));
    tool.move(pointer(15.5, 23.5));
    tool.up();
    expect(table.document.count(2)).toBe(table.document.area);
    table.document.undo();
    expect(table.document.numUnlabelled).toBe(table.document.area);
  });

  it("wand on probability: the seed's predicted class, about as sure", () => {
    const table = bench(5);
    const settings = { wandBasis: "probability", certaintyTolerance: 17 } as const; // 43 of 255 steps: two columns
    new WandTool(host(table, settings)).down(pointer(12.5, 20.5));
    expect(table.document.count(2)).toBe(5 * BOX.height);
    expect(table.document.at(5, 0)).toBe(5);
  });

  it("copy: one connected piece of the prediction, and no other", () => {
    const prediction = Uint8Array.from({ length: 24 }, (_, i) => (i % 6 === 3 ? 1 : 0));
    const document = new RegionDocument(BOX, new Uint8Array(24).fill(255), prediction);
    const table = { ...bench(), document };
    document.edit(document.regionRuns(), 7);
    new CopyTool(host(table)).down(pointer(10.5, 22.5));
    expect([document.count(0), document.count(1), document.count(7)]).toEqual([12, 0, 12]);
    expect(document.at(4, 0)).toBe(7);
  });

  it("replace: all of the class that is clicked", () => {
    const table = bench();
    table.document.edit(table.document.regionRuns(), 4);
    const brush = new StrokeTool("brush", host(table, { paintValue: 3 }));
    brush.down(pointer(10.5, 20.5));
    brush.up();
    new ReplaceTool(host(table)).down(pointer(15.5, 23.5));
    expect([table.document.count(2), table.document.count(3)]).toEqual([23, 1]);
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

  const corners = [
    [10, 20],
    [13, 20],
    [13, 23],
  ] as const;

  it("closes on a double click, but not on two slow ones", () => {
    const table = bench();
    const tool = new PolygonTool(host(table), () => new Viewport(20));
    for (const [x, y] of corners) tool.down(pointer(x, y));
    tool.down(pointer(13, 23));
    expect(tool.isDrawing).toBe(true);
    tool.down({ ...pointer(13, 23), timeMs: clock - 900 });
    expect(tool.isDrawing).toBe(false);
    expect(table.document.count(2)).toBe(6);
  });

  it("takes corners back one by one, and keeps what is drawn when there are too few to close", () => {
    const table = bench();
    const tool = new PolygonTool(host(table), () => new Viewport(20));
    for (const [x, y] of corners) tool.down(pointer(x, y));
    tool.back();
    tool.close();
    expect(tool.isDrawing).toBe(true);
    tool.down(pointer(10, 23));
    tool.close();
    expect(table.document.count(2)).toBe(3);
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

describe("keyboard control", () => {
  function control() {
    const table = bench();
    const brush: Tool = new StrokeTool("brush", host(table));
    const keyboard = new KeyboardControl(new KeyboardCursor(), {
      tool: brush,
      box: BOX,
      onMove: () => {},
    });
    return { table, keyboard };
  }

  it("taps one pixel with Space, and draws while Space is held", () => {
    const { table, keyboard } = control();
    expect(keyboard.press()).toBe(false);
    keyboard.move(0, 0);
    keyboard.press();
    keyboard.release();
    expect(table.document.count(2)).toBe(1);
    keyboard.press();
    keyboard.move(2, 0);
    keyboard.release();
    keyboard.move(0, 1);
    expect(table.document.count(2)).toBe(3);
    expect(table.document.numStrokes).toBe(2);
  });

  it("takes a half-done stroke back when the pointer comes", () => {
    const { table, keyboard } = control();
    keyboard.move(0, 0);
    keyboard.press();
    keyboard.move(2, 0);
    keyboard.drop();
    expect(table.document.numUnlabelled).toBe(table.document.area);
    expect(keyboard.release()).toBe(false);
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
