import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { averagingMatrix } from '../../../src/backbones/adaptivePool.ts';
import { cardOf } from '../../../src/backbones/cards.ts';
import { padsOf, windowOut } from '../../../src/backbones/padding.ts';
import { mapOf, shapesOf } from '../../../src/backbones/shapes.ts';
import type { Network } from '../../../src/backbones/op.ts';
import { Bug } from '../../../src/base/bug.ts';
import { repoRoot } from '../../support/root.ts';

test('the maps of EfficientNet-Lite0 have the shapes that timm reports', () => {
  const golden = JSON.parse(readFileSync(join(repoRoot, 'test/fixtures/efficientnet_lite0/golden.json'), 'utf8')) as
    { activations: Record<string, { shape: [number, number, number, number] }> };
  const shapes = shapesOf(cardOf('efficientnet_lite0')!.network(1000));
  const modules = Object.entries(golden.activations);
  assert.equal(modules.length, 18);
  for (const [module, { shape: [, channels, height, width] }] of modules) {
    const last = [...shapes.keys()].findLast((name) => name === module || name.startsWith(`${module}.`))!;
    assert.deepEqual(mapOf(shapes.get(last)), [height, width, channels], module);
  }
});

test('same padding is what TensorFlow adds, the odd pixel behind', () => {
  // size, kernel, stride → output, before, after; from tf.nn.conv2d's definition
  const cases = [[224, 3, 2, 112, 0, 1], [225, 3, 2, 113, 1, 1], [14, 5, 2, 7, 1, 2], [7, 5, 1, 7, 2, 2], [5, 1, 2, 3, 0, 0], [1, 3, 2, 1, 1, 1]];
  for (const [size, kernel, stride, out, before, after] of cases as [number, number, number, number, number, number][]) {
    assert.equal(windowOut(size, kernel, stride, 'same'), out);
    assert.deepEqual(padsOf(size, kernel, stride, 'same'), [before, after]);
  }
});

test('an adaptive pool averages parts that overlap or repeat, as PyTorch\'s', () => {
  // torch.nn.functional.adaptive_avg_pool1d of 3 values to 2, and of 2 to 3; columns are parts
  assert.deepEqual([...averagingMatrix(3, 2)], [0.5, 0, 0.5, 0.5, 0, 0.5]);
  assert.deepEqual([...averagingMatrix(2, 3)], [1, 0.5, 0, 0, 0.5, 1]);
  assert.deepEqual([...averagingMatrix(2, 2)], [1, 0, 0, 1]);
});

test('numeric padding rounds down, as PyTorch does', () => {
  assert.equal(windowOut(8, 3, 2, 1), 4);
  assert.equal(windowOut(7, 3, 2, 1), 4);
  assert.deepEqual(padsOf(7, 3, 2, 1), [1, 1]);
});

test('a network that names what is not there, or one node twice, is our mistake', () => {
  const relu = { op: { op: 'relu' as const }, inputs: ['input'] };
  const broken: Network = { name: 'x', input: [2, 2, 1], nodes: [{ ...relu, name: 'a', inputs: ['b'] }, { ...relu, name: 'b' }] };
  assert.throws(() => shapesOf(broken), Bug);
  assert.throws(() => shapesOf({ ...broken, nodes: [{ ...relu, name: 'a' }, { ...relu, name: 'a' }] }), Bug);
});
