import assert from 'node:assert/strict';
import { test } from 'node:test';
import { averagePrecision, labelMetrics, labelScores } from '../../../src/evidence/multiLabel.ts';
import { fitKnn } from '../../../src/evidence/knn.ts';
import { numberMetrics, rSquared, rSquaredShare } from '../../../src/evidence/regression.ts';
import { jsonFixture } from '../../support/fixture.ts';

interface Golden {
  readonly targets: number[]; readonly scores: number[]; readonly ap: number[]; readonly f1: number[]; readonly map: number; readonly micro: number; readonly macro: number;
  readonly a: number[]; readonly b: number[]; readonly r2: number; readonly mae: number; readonly rmse: number;
}
const golden = jsonFixture<Golden>('evidence/tasks.json');
const close = (actual: number, expected: number): void => assert.ok(Math.abs(actual - expected) < 1e-12, `${actual} is not ${expected}`);

test('average precision and F1 of several labels follow scikit-learn, ties included', () => {
  const scores = Float32Array.from(golden.scores), targets = Float32Array.from(golden.targets);
  const each = labelScores(scores, targets, 4);
  assert.equal(each.length, 4);
  each.forEach(({ averagePrecision: ap, f1 }, label) => {
    close(ap, golden.ap[label]!);
    close(f1, golden.f1[label]!);
  });
  const { meanAveragePrecision, microF1, macroF1 } = labelMetrics(scores, targets, 4);
  close(meanAveragePrecision, golden.map);
  close(microF1, golden.micro);
  close(macroF1, golden.macro);
});

test('a label that no item has is in no mean', () => {
  const without = labelMetrics(Float32Array.of(0.9, 0.9, 0.1, 0.2), Float32Array.of(1, 0, 0, 0), 2);
  assert.deepEqual([without.meanAveragePrecision, without.macroF1], [1, 1]);
  assert.ok(Number.isNaN(averagePrecision([0.1], [0])));
});

test('errors and R² of numbers follow scikit-learn', () => {
  close(rSquared(golden.a, golden.b), golden.r2);
  const { meanAbsoluteError, rootMeanSquaredError } = numberMetrics(golden.a, golden.b);
  close(meanAbsoluteError, golden.mae);
  close(rootMeanSquaredError, golden.rmse);
});

test('the interval of R² holds its value, is the same each time, and narrows with more items', () => {
  const { low, value, high, items } = rSquaredShare(golden.a, golden.b);
  assert.ok(low < value && value < high && high <= 1 && items === 20);
  assert.deepEqual(rSquaredShare(golden.a, golden.b), rSquaredShare(golden.a, golden.b));
  const four = <T>(values: readonly T[]): T[] => [values, values, values, values].flat();
  const more = rSquaredShare(four(golden.a), four(golden.b));
  assert.ok(more.high - more.low < 0.7 * (high - low));
});

test('the mean over nearest neighbours is that of their targets', () => {
  const knn = fitKnn(Float32Array.of(1, 0, 0.9, 0.1, 0, 1), [0, 0, 0], { width: 2, classes: 1, k: 2 });
  assert.deepEqual([...knn.means(Float32Array.of(1, 0.05), Float32Array.of(1, 10, 3, 30, 100, 1000))], [2, 20]);
});
