import assert from 'node:assert/strict';
import { test } from 'node:test';
import { better, predictedOf, probabilitiesOf, withBest, type Evaluation } from '../../../../src/trainer/child/trace.ts';

const evaluation = (step: number, validationLoss: number, validationAccuracy: number): Evaluation =>
  ({ step, validationLoss, validationAccuracy, predictedClasses: 2, testLoss: 0, testLogits: new Float32Array(0) });

/** The loss is best at step 20, the accuracy at steps 10 and 30. */
const trace = [evaluation(0, 1.1, 0.3), evaluation(10, 0.6, 0.8), evaluation(20, 0.5, 0.7), evaluation(30, 0.9, 0.8)];

test('the evaluations that were the best so far, by the plan\'s metric, are those that would have been kept', () => {
  const bestSteps = (metric: 'validation.loss' | 'validation.accuracy'): number[] => withBest(trace, metric).filter(({ isBest }) => isBest).map(({ evaluation: { step } }) => step);
  assert.deepEqual(bestSteps('validation.loss'), [0, 10, 20]);
  assert.deepEqual(bestSteps('validation.accuracy'), [0, 10]);
  assert.deepEqual(withBest([], 'validation.loss'), []);
});

test('an equal value is not better, and a loss that is no number never is', () => {
  assert.ok(better('validation.loss', trace[0]!, undefined));
  assert.ok(!better('validation.loss', trace[0]!, trace[0]));
  assert.ok(!better('validation.loss', evaluation(40, NaN, 1), trace[0]));
});

test('the predicted class has the largest logit, the first of equals', () => {
  assert.deepEqual([...predictedOf(Float32Array.of(1, 3, 2, 5, 5, 0, -3, -2, -1), 3)], [1, 0, 2]);
});

test('probabilities are the softmax of their row, also of logits that overflow', () => {
  const [a, b] = probabilitiesOf(Float32Array.of(9, 9, 0, Math.log(3)), 1, 2);
  assert.ok(Math.abs(a! - 0.25) < 1e-6 && Math.abs(b! - 0.75) < 1e-6);
  assert.deepEqual(probabilitiesOf(Float32Array.of(10_000, -10_000), 0, 2), [1, 0]);
});
