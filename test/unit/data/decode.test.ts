import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp, { type Sharp } from 'sharp';
import { rng } from '../../../src/base/rng.ts';
import { decodeImage, type Decoded } from '../../../src/data/decode.ts';
import type { DiagnosticCode } from '../../../src/protocol/diagnostic.ts';

/** A smooth picture of so many pixels, ready to be encoded. */
function picture(width: number, height: number): Sharp {
  const data = Buffer.alloc(width * height * 3);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) data.set([x * 255 / width, y * 255 / height, 128 + 100 * Math.sin((x + y) / 40)], (y * width + x) * 3);
  return sharp(data, { raw: { width, height, channels: 3 } });
}

async function decoded(bytes: Uint8Array, shortSide?: number): Promise<Decoded> {
  const result = await decodeImage(bytes, shortSide);
  assert.ok(result.ok, JSON.stringify(result));
  return result.value;
}

async function refusal(bytes: Uint8Array): Promise<DiagnosticCode> {
  const result = await decodeImage(bytes);
  assert.ok(!result.ok);
  return result.errors[0]!.code;
}

test('a large JPEG comes at reduced scale, at least twice the size asked for, and close to the full decode', async () => {
  const jpeg = await picture(2003, 1501).jpeg({ quality: 95 }).toBuffer();
  const { pixels, width, height } = await decoded(jpeg, 256);
  assert.deepEqual([width, height], [2003, 1501]);
  assert.deepEqual([pixels.width, pixels.height], [1001, 750]);
  const full = await sharp(jpeg).resize({ width: 1001, height: 750, fit: 'fill' }).raw().toBuffer();
  let sum = 0;
  for (let i = 0; i < full.length; i++) sum += Math.abs(full[i]! - pixels.data[i]!);
  assert.ok(sum / full.length < 1, `mean difference ${sum / full.length}`);
});

test('a JPEG under four times the size asked for, and any PNG of ordinary size, are decoded exactly', async () => {
  const jpeg = await decoded(await picture(1200, 1000).jpeg().toBuffer(), 256);
  assert.deepEqual([jpeg.pixels.width, jpeg.pixels.height], [1200, 1000]);
  const png = await decoded(await picture(2000, 1500).png().toBuffer(), 256);
  assert.deepEqual([png.pixels.width, png.pixels.height], [2000, 1500]);
  const whole = await decoded(await picture(2000, 1500).jpeg().toBuffer());
  assert.deepEqual([whole.pixels.width, whole.pixels.height], [2000, 1500]);
});

test('a photo on its side is reduced and turned upright', async () => {
  const { pixels, width, height, notes } = await decoded(await picture(2400, 1600).jpeg().withMetadata({ orientation: 6 }).toBuffer(), 256);
  assert.deepEqual([width, height, pixels.width, pixels.height], [1600, 2400, 800, 1200]);
  assert.match(notes[0]!.message, /turned upright/);
});

test('lossless formats give exactly the pixels that went in', async () => {
  const random = rng(1, 'pixels'), data = Uint8Array.from({ length: 40 * 30 * 3 }, () => random.int(256));
  const source = sharp(data, { raw: { width: 40, height: 30, channels: 3 } });
  for (const bytes of [await source.png().toBuffer(), await source.webp({ lossless: true }).toBuffer(), await source.tiff({ compression: 'lzw' }).toBuffer()]) {
    const { pixels } = await decoded(bytes);
    assert.deepEqual(new Uint8Array(pixels.data), data);
  }
});

test('transparency is laid over white', async () => {
  const half = await sharp({ create: { width: 40, height: 40, channels: 4, background: { r: 255, g: 0, b: 0, alpha: 0.5 } } }).png().toBuffer();
  const { pixels: { data } } = await decoded(half);
  assert.ok(data[0] === 255 && Math.abs(data[1]! - 127) <= 1 && Math.abs(data[2]! - 127) <= 1, [...data.subarray(0, 3)].join());
});

test('what cannot be a photo is refused by its own code', async () => {
  const jpeg = await picture(300, 200).jpeg().toBuffer(), png = await picture(300, 200).png().toBuffer(), webp = await picture(300, 200).webp().toBuffer();
  assert.equal(await refusal(new Uint8Array(0)), 'empty-file');
  assert.equal(await refusal(Buffer.from('<html>')), 'not-an-image');
  assert.equal(await refusal(Buffer.from('<svg width="9" height="9"/>')), 'unsupported-format');
  for (const whole of [jpeg, png, webp]) assert.equal(await refusal(whole.subarray(0, whole.length / 2)), 'truncated');
  const flipped = Buffer.from(png);
  flipped[png.length >> 1]! ^= 0xff;
  assert.equal(await refusal(flipped), 'corrupt');
  assert.equal(await refusal(floatTiff()), 'unsupported-format');
});

/** 2 x 2 measurements, as 32-bit floating point: tags BitsPerSample (258) and SampleFormat (339) say so. */
function floatTiff(): Uint8Array {
  const tags: readonly (readonly [tag: number, type: number, value: number])[] = [[256, 3, 2], [257, 3, 2], [258, 3, 32], [259, 3, 1], [262, 3, 1], [273, 4, 134], [277, 3, 1], [278, 3, 2], [279, 4, 16], [339, 3, 3]];
  const file = Buffer.alloc(134 + 16);
  file.write('II*\0', 'latin1');
  file.writeUInt32LE(8, 4);
  file.writeUInt16LE(tags.length, 8);
  for (const [i, [tag, type, value]] of tags.entries()) {
    file.writeUInt16LE(tag, 10 + 12 * i);
    file.writeUInt16LE(type, 12 + 12 * i);
    file.writeUInt32LE(1, 14 + 12 * i);
    file.writeUInt32LE(value, 18 + 12 * i);
  }
  return file;
}

test('a JPEG with damaged data that still decodes is used, with a warning', async () => {
  const jpeg = await picture(300, 200).jpeg().toBuffer();
  const results = await Promise.all([...Array(20).keys()].map((k) => {
    const damaged = Buffer.from(jpeg), at = Math.floor(jpeg.length * (0.4 + k * 0.02));
    damaged.fill(0xaa, at, at + 12);
    return decodeImage(damaged);
  }));
  const warned = results.filter((result) => result.ok && result.value.notes.some(({ code, severity }) => code === 'corrupt' && severity === 'warning'));
  assert.ok(warned.length >= 5, `${warned.length} of 20 were used with a warning`);
});
