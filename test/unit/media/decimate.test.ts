import assert from 'node:assert/strict';
import { test } from 'node:test';
import { append, emptySeries, type Series } from '../../../src/base/series.ts';
import { decimate } from '../../../media/decimate.ts';

const seriesOf = (values: readonly number[]): Series => values.reduce((series, value, i) => append(series, i, value), emptySeries());

test('a short curve is drawn as it is, at its scale', () => {
  assert.deepEqual(decimate(seriesOf([3, 1, 2]), 2, 0.5), [{ x: 0, y: 3 }, { x: 0.5, y: 1 }, { x: 1, y: 2 }]);
});

test('of a long one each bucket keeps its lowest and highest value, in the order of time', () => {
  const points = decimate(seriesOf([5, 9, 1, 5, /**/ 2, 2, 2, 2, /**/ 1, 5, 9, 5]), 3);
  assert.deepEqual(points, [{ x: 1, y: 9 }, { x: 2, y: 1 }, { x: 4, y: 2 }, { x: 8, y: 1 }, { x: 10, y: 9 }]);
});

test('a million steps become few points, and a single spike among them is seen', () => {
  const values = Array.from({ length: 1_000_000 }, (_, i) => Math.exp(-i / 200_000));
  values[567_890] = 42;
  const points = decimate(seriesOf(values), 800);
  assert.ok(points.length <= 1600);
  assert.deepEqual(points.find(({ y }) => y === 42), { x: 567_890, y: 42 });
  assert.ok(points.every(({ x }, i) => i === 0 || x > points[i - 1]!.x));
});

test('what is no number is a gap, and hides nothing that is one', () => {
  assert.deepEqual(decimate(seriesOf([1, NaN, Infinity]), 2), [{ x: 0, y: 1 }, { x: 1, y: NaN }, { x: 2, y: NaN }]);
  const points = decimate(seriesOf([NaN, 3, 1, 2, /**/ Infinity, NaN, -Infinity, NaN, /**/ 4, NaN, 6, Infinity]), 3);
  assert.deepEqual(points, [{ x: 1, y: 3 }, { x: 2, y: 1 }, { x: 4, y: NaN }, { x: 8, y: 4 }, { x: 10, y: 6 }]);
});
