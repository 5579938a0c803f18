import assert from 'node:assert/strict';
import { test } from 'node:test';
import { better, predictedOf, probabilitiesOf, type Evaluation } from '../../../../../src/trainer/child/stages/trace.ts';

const evaluation = (step: number, validationLoss: number, validationAccuracy: number): Evaluation =>
  ({ step, validationLoss, validationAccuracy, predictedClasses: 2 });

const first = evaluation(0, 1.1, 0.3);

test('an equal value is not better, and a loss that is no number never is', () => {
  assert.ok(better('validation.loss', first, undefined));
  assert.ok(!better('validation.loss', first, first));
  assert.ok(!better('validation.loss', evaluation(40, NaN, 1), first));
});

test('the predicted class has the largest logit, the first of equals', () => {
  assert.deepEqual([...predictedOf(Float32Array.of(1, 3, 2, 5, 5, 0, -3, -2, -1), 3)], [1, 0, 2]);
});

test('probabilities are the softmax of their row, also of logits that overflow', () => {
  const [a, b] = probabilitiesOf(Float32Array.of(9, 9, 0, Math.log(3)), 1, 2);
  assert.ok(Math.abs(a! - 0.25) < 1e-6 && Math.abs(b! - 0.75) < 1e-6);
  assert.deepEqual(probabilitiesOf(Float32Array.of(10_000, -10_000), 0, 2), [1, 0]);
});
