import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeImage } from '../../../src/data/decode.ts';

interface Layout {
  readonly width: number;
  readonly height: number;
  readonly bits: number;
  readonly compression?: number;
  readonly palette?: readonly number[];
  readonly rows: readonly (readonly number[])[];
}

/** A bitmap with the common 40-byte header; rows as they lie in the file, padding included. */
function bmp({ width, height, bits, compression = 0, palette = [], rows }: Layout): Buffer {
  const start = 54 + palette.length, file = Buffer.alloc(start + rows.flat().length);
  file.write('BM');
  file.writeUInt32LE(file.length, 2);
  file.writeUInt32LE(start, 10);
  file.writeUInt32LE(40, 14);
  file.writeInt32LE(width, 18);
  file.writeInt32LE(height, 22);
  file.writeUInt16LE(1, 26);
  file.writeUInt16LE(bits, 28);
  file.writeUInt32LE(compression, 30);
  file.set(palette, 54);
  file.set(rows.flat(), start);
  return file;
}

async function pixelsOf(layout: Layout): Promise<number[]> {
  const result = await decodeImage(bmp(layout));
  assert.ok(result.ok, JSON.stringify(result));
  assert.equal(result.value.format, 'BMP');
  return [...result.value.pixels.data];
}

const red = [255, 0, 0], green = [0, 255, 0], blue = [0, 0, 255], grey = [9, 9, 9];

test('bitmaps of 24 and 32 bits are read bottom up, or top down when their height is negative', async () => {
  const rows24 = [[0, 0, 255, 0, 255, 0, 0, 0], [255, 0, 0, 9, 9, 9, 0, 0]]; // blue, green, red; padded to 4 bytes
  assert.deepEqual(await pixelsOf({ width: 2, height: 2, bits: 24, rows: rows24 }), [...blue, ...grey, ...red, ...green]);
  assert.deepEqual(await pixelsOf({ width: 2, height: -2, bits: 24, rows: rows24 }), [...red, ...green, ...blue, ...grey]);
  assert.deepEqual(await pixelsOf({ width: 2, height: 1, bits: 32, rows: [[0, 0, 255, 0, 0, 255, 0, 0]] }), [...red, ...green]);
});

test('bitmaps with a palette are read at 1, 4 and 8 bits', async () => {
  const palette = [0, 0, 255, 0, 0, 255, 0, 0];
  assert.deepEqual(await pixelsOf({ width: 3, height: 1, bits: 1, palette, rows: [[0b01000000, 0, 0, 0]] }), [...red, ...green, ...red]);
  assert.deepEqual(await pixelsOf({ width: 3, height: 1, bits: 4, palette, rows: [[0x10, 0x10, 0, 0]] }), [...green, ...red, ...green]);
  assert.deepEqual(await pixelsOf({ width: 2, height: 1, bits: 8, palette, rows: [[1, 0, 0, 0]] }), [...green, ...red]);
});

test('compressed, cut off, absurd and enormous bitmaps are refused', async () => {
  const plain: Layout = { width: 2, height: 1, bits: 24, rows: [[1, 2, 3, 4, 5, 6, 0, 0]] };
  const codeOf = async (file: Uint8Array): Promise<unknown> => {
    const result = await decodeImage(file);
    return result.ok ? 'ok' : result.errors[0]!.code;
  };
  assert.equal(await codeOf(bmp({ ...plain, compression: 1 })), 'unsupported-format');
  assert.equal(await codeOf(bmp({ ...plain, bits: 16 })), 'unsupported-format');
  assert.equal(await codeOf(bmp(plain).subarray(0, 56)), 'truncated');
  assert.equal(await codeOf(bmp({ ...plain, width: -2 })), 'corrupt');
  assert.equal(await codeOf(bmp({ ...plain, width: 20_000, height: 20_000 })), 'too-large');
});
