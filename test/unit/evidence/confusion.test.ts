import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bug } from '../../../src/base/bug.ts';
import { classScores, confusionOf, macroF1 } from '../../../src/evidence/confusion.ts';
import { jsonFixture } from '../../support/fixture.ts';

const { classification: golden } = jsonFixture<{ classification: { labels: number[]; predicted: number[]; confusion: number[]; precision: number[]; recall: number[]; f1: number[]; macroF1: number } }>('evidence/goldens.json');

test('the matrix and each class’s precision, recall and F1 follow scikit-learn', () => {
  const confusion = confusionOf(golden.labels, golden.predicted, 5);
  assert.deepEqual(confusion.flat(), golden.confusion);
  const close = (actual: number, expected: number): void => assert.ok(Math.abs(actual - expected) < 1e-12, `${actual} is not ${expected}`);
  classScores(confusion).forEach(({ precision, recall, f1 }, c) => {
    close(precision, golden.precision[c]!);
    close(recall, golden.recall[c]!);
    close(f1, golden.f1[c]!);
  });
  close(macroF1(confusion), golden.macroF1);
});

test('a class that never occurs scores 0, not NaN', () => {
  assert.deepEqual(classScores(confusionOf([0, 0], [0, 0], 2))[1], { precision: 0, recall: 0, f1: 0, items: 0 });
});

test('predictions that do not fit the labels are a bug', () => {
  assert.throws(() => confusionOf([0, 1], [0], 2), Bug);
  assert.throws(() => confusionOf([0, 1], [0, 5], 2), Bug);
});
