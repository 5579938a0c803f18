import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rng } from '../../../src/base/rng.ts';
import { batchCount, batches } from '../../../src/data/batches.ts';

test('an epoch shows every item once; the last batch is filled with rows that do not count', () => {
  const all = [...batches([0, 1, 2, 3, 4, 5, 6], { batchSize: 3 })];
  assert.deepEqual(all.map(({ rows }) => rows), [[0, 1, 2], [3, 4, 5], [6, 0, 1]]);
  assert.deepEqual(all.map(({ weights }) => [...weights]), [[1, 1, 1], [1, 1, 1], [1, 0, 0]]);
  assert.deepEqual(all.map(({ items }) => items), [3, 3, 1]);
  assert.equal(batchCount(7, 3), 3);
});

test('fewer items than a batch still fill it, and none make none', () => {
  const [only] = [...batches(['a', 'b'], { batchSize: 5 })];
  assert.deepEqual([only!.rows, [...only!.weights]], [['a', 'b', 'a', 'b', 'a'], [1, 1, 0, 0, 0]]);
  assert.deepEqual([...batches([], { batchSize: 5 })], []);
});

test('the order is the stream\'s: the same for the same epoch, another for the next, and always a permutation', () => {
  const items = [...Array(100).keys()];
  const orderOf = (epoch: number): number[] => [...batches(items, { batchSize: 10, rng: rng(7, 'shuffle', epoch) })].flatMap(({ rows }) => rows);
  assert.deepEqual(orderOf(0), orderOf(0));
  assert.notDeepEqual(orderOf(0), orderOf(1));
  assert.deepEqual(orderOf(1).toSorted((a, b) => a - b), items);
});
