import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FeatureSource } from '../../../../../src/trainer/child/features/featureSource.ts';
import { prototypeHead } from '../../../../../src/trainer/child/stages/prototypeHead.ts';

/** Of row 4, which is not trained on, nothing may be seen. */
const features = [[3, 0], [0, 4], [0, 2], [0, 0], [9, 9]];

/** Blocks repeat their last row, as every source's do. */
const source: FeatureSource = {
  from: 'pool', width: 2,
  async *blocks(rows, size) {
    for (let at = 0; at < rows.length; at += size) {
      const block = Array.from({ length: size }, (_, i) => features[rows[Math.min(at + i, rows.length - 1)]!.sample]!);
      yield await Promise.resolve(Float32Array.from(block.flat()));
    }
  },
};

test('a head of class means points where each class\'s photos do, each photo counting alike, at one length; a class without features is 0', async () => {
  const dataset = { classes: ['a', 'b', 'c'], labels: Int32Array.of(0, 0, 1, 2, 1), rows: { train: [0, 1, 2, 3], validation: [4], test: [] } };
  const head = await prototypeHead(source, dataset, 3);
  const length = 20 * 4 / (3 + 4 + 2 + 0); // by hand: 20 divided by the features' mean length
  const expected = [length / Math.SQRT2, length / Math.SQRT2, 0, length, 0, 0];
  assert.deepEqual(head.get('head.weight')!.shape, [3, 2]);
  for (const [i, value] of head.get('head.weight')!.data.entries()) assert.ok(Math.abs(value - expected[i]!) < 1e-5, `${i}: ${value}, not ${expected[i]}`);
  assert.deepEqual([...head.get('head.bias')!.data], [0, 0, 0]);
});
