import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawBeta } from '../../../src/base/beta.ts';
import { rng } from '../../../src/base/rng.ts';
import { drawMixing } from '../../../src/engine/mixing.ts';

test('Beta(α, α) has mean ½ and variance 1 / (4 (2α + 1))', () => {
  for (const alpha of [0.2, 1, 4]) {
    const random = rng(1, 'beta', alpha), draws = Array.from({ length: 20_000 }, () => drawBeta(random, alpha));
    const mean = draws.reduce((sum, x) => sum + x, 0) / draws.length, variance = draws.reduce((sum, x) => sum + (x - mean) ** 2, 0) / draws.length;
    assert.ok(Math.abs(mean - 0.5) < 0.01, `mean ${mean}`);
    assert.ok(Math.abs(variance * 4 * (2 * alpha + 1) - 1) < 0.04, `variance ${variance} of α ${alpha}`);
  }
});

test('rows are mixed with their counterparts among those that count, and rows that only fill with nothing', () => {
  const mixing = drawMixing({ mixup: 1, cutmix: 0 }, rng(1, 'mix'), 6, 4, [2, 2, 3])!;
  assert.deepEqual([...mixing.partners], [3, 2, 1, 0, 4, 5]);
  assert.equal(drawMixing({ mixup: 0, cutmix: 0 }, rng(1, 'mix'), 6, 4, [2, 2, 3]), undefined);
});

test('the share of a cut is what the box leaves of the area, also where the edge cuts the box', () => {
  const random = rng(2, 'mix');
  for (let i = 0; i < 200; i++) {
    const { box, share } = drawMixing({ mixup: 0, cutmix: 1 }, random, 4, 4, [7, 9, 3])!;
    assert.ok(box && box.top >= 0 && box.bottom <= 7 && box.left >= 0 && box.right <= 9);
    assert.equal(share, 1 - (box.bottom - box.top) * (box.right - box.left) / 63);
  }
});

test('with both, some batches are blended and some are cut', () => {
  const random = rng(3, 'mix'), cuts = Array.from({ length: 200 }, () => drawMixing({ mixup: 0.2, cutmix: 1 }, random, 4, 4, [7, 7, 3])!.box !== undefined);
  assert.ok(Math.abs(cuts.filter(Boolean).length - 100) < 30);
});
