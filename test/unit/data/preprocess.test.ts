import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CardInput } from '../../../src/backbones/card.ts';
import { preprocess, preprocessViews } from '../../../src/data/preprocess.ts';
import type { Pixels } from '../../../src/data/sample.ts';

const input: CardInput = { height: 8, width: 8, cropShare: 0.8, interpolation: 'bicubic', mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] };

/** Every pixel says where it is: [x, y, 0]. */
function map(width: number, height: number): Pixels {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) data.set([x, y, 0], (y * width + x) * 3);
  return { width, height, data };
}

const pixel = (image: Uint8Array, x: number, y: number): number[] => [...image.subarray((y * 8 + x) * 3, (y * 8 + x) * 3 + 3)];

test('an image whose short side has the right size is only cropped, at the centre rounded half to even', () => {
  const centre = preprocess(map(15, 10), input, 'centre'); // 3.5 → 4 columns, 1 row cut off
  assert.deepEqual([pixel(centre, 0, 0), pixel(centre, 7, 7)], [[4, 1, 0], [11, 8, 0]]);
  assert.deepEqual(pixel(preprocess(map(13, 10), input, 'centre'), 0, 0), [2, 1, 0]); // 2.5 → 2 columns
  assert.deepEqual(pixel(preprocess(map(10, 15), input, 'centre'), 0, 0), [1, 4, 0]);
});

test('the flipped view is the centre mirrored left to right', () => {
  const views = preprocessViews(map(15, 10), input, ['flip', 'centre']);
  const centre = views.get('centre')!, flip = views.get('flip')!;
  for (let y = 0; y < 8; y++) for (let x = 0; x < 8; x++) assert.deepEqual(pixel(flip, x, y), pixel(centre, 7 - x, y));
  assert.deepEqual(preprocess(map(15, 10), input, 'flip'), flip);
});

test('a line of 2000 x 1 pixels and a single pixel become an input like any other', () => {
  const line = preprocess({ width: 2000, height: 1, data: new Uint8Array(6000).fill(77) }, input, 'centre');
  const dot = preprocess({ width: 1, height: 1, data: Uint8Array.of(1, 2, 3) }, input, 'centre');
  assert.deepEqual([...new Set(line)], [77]);
  assert.deepEqual([line.length, dot.length], [192, 192]);
  assert.deepEqual(pixel(dot, 5, 5), [1, 2, 3]);
});
