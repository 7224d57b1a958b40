import { deflateSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { fromBase64, toBase64 } from "./base64";
import { crc32, decodeBytes, decodePng, encodeGreyPng } from "./png";

function bytesOf(length: number, at: (i: number) => number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => at(i));
}

/** A PNG put together by hand: filter and bit depth are the test's choice. */
function png(options: { width: number; height: number; depth: number; kind: number; rows: number[][] }) {
  const chunk = (type: string, data: number[] | Uint8Array) => {
    const body = [...type].map((c) => c.charCodeAt(0)).concat([...data]);
    const length = data.length;
    const crc = crc32(Uint8Array.from(body));
    const word = (n: number) => [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255];
    return [...word(length), ...body, ...word(crc)];
  };
  const { width, height, depth, kind, rows } = options;
  return Uint8Array.from([
    ...[137, 80, 78, 71, 13, 10, 26, 10],
    ...chunk("IHDR", [0, 0, 0, width, 0, 0, 0, height, depth, kind, 0, 0, 0]),
    ...chunk("PLTE", [0, 0, 0, 255, 0, 0]),
    ...chunk("IDAT", deflateSync(Uint8Array.from(rows.flat()))),
    ...chunk("IEND", []),
  ]);
}

describe("crc32", () => {
  it("gives the check value of the standard", () => {
    expect(crc32(new TextEncoder().encode("123456789"))).toBe(0xcbf43926);
  });
});

describe("grey PNG", () => {
  it("keeps every byte value exactly", async () => {
    const pixels = bytesOf(256 * 3, (i) => (i * 7 + (i >> 8)) & 255);
    const decoded = await decodePng(await encodeGreyPng(pixels, { width: 256, height: 3 }));
    expect(decoded.width).toBe(256);
    expect(decoded.height).toBe(3);
    expect(decoded.samples).toEqual(pixels);
  });

  it("is whole when it is compressed in several pieces", async () => {
    const pixels = bytesOf(1000 * 1700, (i) => (i >> 9) & 255);
    const decoded = await decodePng(await encodeGreyPng(pixels, { width: 1000, height: 1700 }));
    expect([decoded.width, decoded.height]).toEqual([1000, 1700]);
    expect(decoded.samples.every((value, i) => value === pixels[i])).toBe(true);
  });

  it("is 8 bits of plain grey", async () => {
    const file = await encodeGreyPng(new Uint8Array([254]), { width: 1, height: 1 });
    expect([file[24], file[25], file[28]]).toEqual([8, 0, 0]);
  });

  it("refuses pixels that do not fill the size", async () => {
    await expect(encodeGreyPng(new Uint8Array(5), { width: 2, height: 3 })).rejects.toThrow("2 x 3");
  });

  it("survives base64", async () => {
    const bytes = bytesOf(70_000, (i) => i & 255);
    expect(fromBase64(toBase64(bytes))).toEqual(bytes);
  });
});

describe("decodePng", () => {
  it("undoes every row filter", async () => {
    const rows = [
      [0, 1, 2, 3],
      [1, 10, 1, 1],
      [2, 1, 1, 1],
      [3, 5, 5, 5],
      [4, 1, 1, 1],
    ];
    const { samples } = await decodePng(png({ width: 3, height: 5, depth: 8, kind: 0, rows }));
    expect([...samples]).toEqual([1, 2, 3, 10, 11, 12, 11, 12, 13, 10, 16, 19, 11, 17, 20]);
  });

  it("reads 16-bit samples", async () => {
    const rows = [
      [0, 1, 0, 255, 255],
      [2, 0, 1, 0, 0],
    ];
    const { samples } = await decodePng(png({ width: 2, height: 2, depth: 16, kind: 0, rows }));
    expect(samples).toEqual(Uint16Array.from([256, 65535, 257, 65535]));
  });

  it("reads palette indices of less than a byte", async () => {
    const rows = [[0, 0b10100000]];
    const { samples } = await decodePng(png({ width: 3, height: 1, depth: 1, kind: 3, rows }));
    expect([...samples]).toEqual([1, 0, 1]);
  });

  it("refuses colours, because an index is not a colour", async () => {
    const file = png({ width: 1, height: 1, depth: 8, kind: 2, rows: [[0, 1, 2, 3]] });
    await expect(decodePng(file)).rejects.toThrow("colour type 2");
  });

  it("refuses what is no PNG, is cut short, or has another size", async () => {
    await expect(decodePng(new Uint8Array([1, 2, 3]))).rejects.toThrow("not a PNG");
    const short = png({ width: 2, height: 2, depth: 8, kind: 0, rows: [[0, 1, 2]] });
    await expect(decodePng(short)).rejects.toThrow("truncated");
    const file = await encodeGreyPng(new Uint8Array(6), { width: 2, height: 3 });
    await expect(decodeBytes(file, { width: 3, height: 2 })).rejects.toThrow("expected 3 x 2");
  });
});
