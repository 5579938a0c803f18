import assert from 'node:assert/strict';
import { test } from 'node:test';
import { append, emptySeries, lastY, xs, ys } from '../../../src/base/series.ts';

test('an older series stays as it was while newer ones grow', () => {
  const one = append(emptySeries(), 1, 10);
  const two = append(one, 2, 20);
  const other = append(one, 3, 30); // a second future of the same past
  assert.deepEqual([[...xs(one)], [...xs(two)], [...xs(other)]], [[1], [1, 2], [1, 3]]);
  assert.deepEqual([[...ys(one)], [...ys(two)], [...ys(other)]], [[10], [10, 20], [10, 30]]);
  assert.equal(lastY(two), 20);
  assert.equal(lastY(emptySeries()), undefined);
});

test('a million appends take well under a second: no copy per append', () => {
  const startedMs = performance.now();
  let series = emptySeries();
  for (let x = 0; x < 1e6; x++) series = append(series, x, x);
  assert.equal(series.length, 1e6);
  assert.ok(performance.now() - startedMs < 1000, 'quadratic copying would take minutes');
});
