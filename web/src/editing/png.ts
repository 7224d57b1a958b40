/**
 * PNGs whose samples are exact numbers.
 *
 * A canvas only writes RGBA and may colour-manage what it reads; label maps, masks and segments need the bytes
 * themselves. Reads grey and palette PNGs (palette indices, not colours); writes 8-bit grey ones.
 */

import type { Size } from "./labelMap";

export interface DecodedPng extends Size {
  /** One sample a pixel: grey value or palette index. */
  readonly samples: Uint8Array | Uint16Array;
}

const SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];
const GREY = 0;
const PALETTE = 3;
/** Bytes of rows compressed before the page may draw again: a few milliseconds. */
const CHUNK_BYTES = 1 << 19;

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c >>> 0;
});

/** CRC-32 as PNG asks for, over type and data of a chunk. */
export function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) crc = CRC_TABLE[(crc ^ bytes[i]) & 0xff] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

/** An 8-bit greyscale PNG whose samples are exactly `pixels`. */
export async function encodeGreyPng(pixels: Readonly<Uint8Array>, size: Size): Promise<Uint8Array> {
  const { width, height } = size;
  if (pixels.length !== width * height)
    throw new Error(`${pixels.length} pixels are not ${width} x ${height}`);
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header[8] = 8;
  header[9] = GREY;
  return joined([
    Uint8Array.from(SIGNATURE),
    chunk("IHDR", header),
    chunk("IDAT", await deflatedRows(pixels, size)),
    chunk("IEND", new Uint8Array(0)),
  ]);
}

/**
 * Samples of a grey or palette PNG of 1, 2, 4, 8 or 16 bits.
 *
 * Throws when the file is no PNG, is interlaced, or holds colours.
 */
export async function decodePng(bytes: Uint8Array): Promise<DecodedPng> {
  const { width, height, depth, data } = readChunks(bytes);
  const rowBytes = Math.ceil((width * depth) / 8);
  const raw = await piped(data, new DecompressionStream("deflate"));
  if (raw.length < (rowBytes + 1) * height) throw new Error("PNG is truncated");
  const rows = unfilter(raw, rowBytes, height, Math.max(1, depth >> 3));
  if (depth === 8) return { width, height, samples: rows };
  return {
    width,
    height,
    samples: depth === 16 ? wideSamples(rows) : packedSamples(rows, width, height, depth),
  };
}

/** A PNG of at most 8 bits, as bytes, of a size that is already known. */
export async function decodeBytes(bytes: Uint8Array, size: Size): Promise<Uint8Array> {
  const png = await decodePng(bytes);
  if (!(png.samples instanceof Uint8Array)) throw new Error("expected a PNG of at most 8 bits");
  if (png.width !== size.width || png.height !== size.height) {
    throw new Error(`PNG is ${png.width} x ${png.height}, expected ${size.width} x ${size.height}`);
  }
  return png.samples;
}

function readChunks(bytes: Uint8Array): { width: number; height: number; depth: number; data: Uint8Array } {
  if (SIGNATURE.some((value, i) => bytes[i] !== value)) throw new Error("not a PNG");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  const [depth, kind, interlace] = [bytes[24], bytes[25], bytes[28]];
  if ((kind !== GREY && kind !== PALETTE) || interlace !== 0) {
    throw new Error(`PNG of colour type ${kind}, interlace ${interlace}: expected plain grey or palette`);
  }
  const parts: Uint8Array[] = [];
  for (let at = 8; at + 12 <= bytes.length; ) {
    const length = view.getUint32(at);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (type === "IDAT") parts.push(bytes.subarray(at + 8, at + 8 + length));
    at += 12 + length;
  }
  return { width, height, depth, data: joined(parts) };
}

/** Undo PNG's five row filters; `step` is the distance in bytes to the pixel on the left. */
function unfilter(raw: Uint8Array, rowBytes: number, height: number, step: number): Uint8Array {
  const out = new Uint8Array(rowBytes * height);
  for (let y = 0; y < height; y++) {
    const filter = raw[y * (rowBytes + 1)];
    const source = y * (rowBytes + 1) + 1;
    const target = y * rowBytes;
    for (let x = 0; x < rowBytes; x++) {
      const left = x >= step ? out[target + x - step] : 0;
      const up = y > 0 ? out[target + x - rowBytes] : 0;
      const corner = x >= step && y > 0 ? out[target + x - rowBytes - step] : 0;
      out[target + x] = raw[source + x] + predicted(filter, left, up, corner);
    }
  }
  return out;
}

function predicted(filter: number, left: number, up: number, corner: number): number {
  switch (filter) {
    case 0:
      return 0;
    case 1:
      return left;
    case 2:
      return up;
    case 3:
      return (left + up) >> 1;
    case 4:
      return paeth(left, up, corner);
    default:
      throw new Error(`PNG row filter ${filter} is unknown`);
  }
}

function paeth(left: number, up: number, corner: number): number {
  const guess = left + up - corner;
  const toLeft = Math.abs(guess - left);
  const toUp = Math.abs(guess - up);
  const toCorner = Math.abs(guess - corner);
  if (toLeft <= toUp && toLeft <= toCorner) return left;
  return toUp <= toCorner ? up : corner;
}

function wideSamples(rows: Uint8Array): Uint16Array {
  const samples = new Uint16Array(rows.length / 2);
  for (let i = 0; i < samples.length; i++) samples[i] = (rows[2 * i] << 8) | rows[2 * i + 1];
  return samples;
}

function packedSamples(rows: Uint8Array, width: number, height: number, depth: number): Uint8Array {
  const samples = new Uint8Array(width * height);
  const rowBytes = Math.ceil((width * depth) / 8);
  const perByte = 8 / depth;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const byte = rows[y * rowBytes + Math.floor(x / perByte)];
      samples[y * width + x] = (byte >> (8 - depth - (x % perByte) * depth)) & ((1 << depth) - 1);
    }
  }
  return samples;
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  for (let i = 0; i < 4; i++) bytes[4 + i] = type.charCodeAt(i);
  bytes.set(data, 8);
  view.setUint32(8 + data.length, crc32(bytes.subarray(4, 8 + data.length)));
  return bytes;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/**
 * Rows behind their filter byte, compressed some at a time: a map of 33 million pixels would hold up a tenth of a
 * second of painting if it were copied and compressed at once. What is painted meanwhile may or may not be in it.
 */
async function deflatedRows(pixels: Readonly<Uint8Array>, { width, height }: Size): Promise<Uint8Array> {
  const compression = new CompressionStream("deflate");
  const compressed = new Response(compression.readable).arrayBuffer();
  const writer = compression.writable.getWriter();
  const numAtOnce = Math.max(1, Math.floor(CHUNK_BYTES / (width + 1)));
  for (let top = 0; top < height; top += numAtOnce) {
    const numRows = Math.min(numAtOnce, height - top);
    const rows = new Uint8Array((width + 1) * numRows);
    for (let row = 0; row < numRows; row++) {
      const start = (top + row) * width;
      rows.set(pixels.subarray(start, start + width), row * (width + 1) + 1);
    }
    if (top > 0) await nextTask();
    void writer.write(rows); // what goes wrong with it shows in `compressed`
  }
  void writer.close();
  return new Uint8Array(await compressed);
}

/** Let the page draw; unlike a timer, it is not slowed down in a hidden tab. */
function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

async function piped(
  bytes: Uint8Array,
  through: CompressionStream | DecompressionStream,
): Promise<Uint8Array> {
  const stream = new Blob([bytes as BlobPart]).stream().pipeThrough(through);
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
