import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CardInput } from '../../../src/backbones/card.ts';
import { preprocess } from '../../../src/data/preprocess.ts';
import { resizeWindow, type Interpolation } from '../../../src/data/resize.ts';
import type { Pixels } from '../../../src/data/sample.ts';
import { bundledCase, goldenCase, type GoldenCase } from '../../support/goldens.ts';

const inputOf = (size: number, cropShare: number, interpolation: Interpolation): CardInput =>
  ({ height: size, width: size, cropShare, interpolation, mean: [0, 0, 0], std: [1, 1, 1] });

function imageOf(golden: GoldenCase, name: string): Pixels {
  const { shape: [height, width], data } = golden.tensor(`in/${name}`);
  return { width: width!, height: height!, data: data as Uint8Array };
}

/** Compares every resized image and crop of the case, bit for bit; returns how many there were. */
function compareAll(golden: GoldenCase, size: number): number {
  let compared = 0;
  for (const [key, { shape }] of golden.tensors) {
    const [, name, interpolation, share, squash, kind] = /^(image\d+)\/(bicubic|bilinear)\/([\d.]+)\/(squash\/)?(resized|crop)$/.exec(key) ?? [];
    if (!name || !interpolation || !share) continue;
    const image = imageOf(golden, name), by = interpolation as Interpolation;
    const whole = (height: number, width: number): Uint8Array => resizeWindow(image, { width, height }, { left: 0, top: 0, width, height }, by);
    const got = kind === 'resized' ? whole(shape[0]!, shape[1]!)
      : squash ? squashed(golden, key, image, Math.floor(size / Number(share)))
        : preprocess(image, inputOf(size, Number(share), by), 'centre');
    assert.deepEqual(got, golden.tensor(key).data, key);
    compared++;
  }
  return compared;
}

/** Both sides to `side`, the aspect ratio lost: no card asks for it, but it takes the vertical pass first. */
function squashed(golden: GoldenCase, key: string, image: Pixels, side: number): Uint8Array {
  const [top, left] = golden.tensor(`${key}_top_left`).data, [height, width] = golden.tensor(key).shape;
  return resizeWindow(image, { width: side, height: side }, { left: left!, top: top!, width: width!, height: height! }, 'bicubic');
}

test('resized crops of tall, noisy, wide and tiny images equal those of Pillow and timm bit for bit', () => {
  assert.equal(compareAll(bundledCase('prep.synthetic'), 48), 17);
});

for (const name of ['prep.photo_china', 'prep.photo_flower']) {
  const golden = goldenCase(name);
  test(`photographs come out as in Pillow bit for bit (${name})`, { skip: golden ? false : 'the shared goldens are not here' }, () => {
    assert.equal(compareAll(golden!, 224), 2);
  });
}
