import assert from 'node:assert/strict';
import { test } from 'node:test';
import { axisWeights, resizedTable } from '../../../src/backbones/resizeGrid.ts';
import type { GridResize } from '../../../src/backbones/op.ts';
import { assertGolden, goldenCase } from '../../support/goldens.ts';

const cases: readonly (readonly [name: string, table: string, grid: GridResize])[] = [
  ['img.dinov2_reg_up', 'pos_embed', { from: [4, 4], to: [5, 6], antialias: true }],
  ['img.dinov2_down', 'pos_embed', { from: [6, 6], to: [4, 3], antialias: true }],
  ['img.dinov2_hf', 'dinov2.embeddings.position_embeddings', { from: [4, 4], to: [5, 6], antialias: false }],
];

for (const [name, table, grid] of cases) {
  const golden = goldenCase(name);
  test(`positions of ${name} are resized as its library does`, { skip: golden ? false : 'this golden is not on this machine' }, () => {
    const resized = resizedTable(golden!.weights.get(table)!, grid);
    assert.deepEqual(resized.shape, golden!.tensor('eval/pos_embed_resampled').shape);
    assertGolden(golden!, 'eval/pos_embed_resampled', resized.data);
  });
}

test('without antialias a grid that shrinks is sampled, not averaged, and its border is repeated', () => {
  // By hand: a = −0.75 at distances 1.5, 0.5, 0.5, 1.5 from the centre of two neighbours is −3/32, 19/32, 19/32, −3/32.
  assert.deepEqual([...axisWeights(4, 2, false)], [16, 19, -3, 0, 0, -3, 19, 16].map((share) => share / 32));
});
