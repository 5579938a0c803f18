import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rng } from '../../../src/base/rng.ts';
import { calibrationOf, calibrationScore, fitTemperature, probabilities } from '../../../src/evidence/calibration.ts';
import { assertGolden, bundledCase } from '../../support/goldens.ts';

const golden = bundledCase('metric.classification');
const labels = golden.tensor('in/y').data, stated = golden.tensor('in/probs').data, classes = 5;

test('calibration error, Brier score and loss follow scikit-learn and numpy', () => {
  const { ece, brier, loss, bins } = calibrationScore(stated, { labels, classes });
  assertGolden(golden, 'ece15', [ece]);
  assertGolden(golden, 'brier_multiclass', [brier]);
  assertGolden(golden, 'log_loss', [loss]);
  const filled = Array.from(golden.tensor('ece15_conf').data).flatMap((confidence, i) => Number.isNaN(confidence) || confidence === 0 ? [] : [[confidence, golden.tensor('ece15_acc').data[i]!]]);
  assert.equal(bins.length, filled.length);
  for (const [i, { confidence, accuracy }] of bins.entries()) {
    assert.ok(Math.abs(confidence - filled[i]![0]!) < 1e-9 && Math.abs(accuracy - filled[i]![1]!) < 1e-9);
  }
});

test('a probability on the edge of two bins counts in the lower one', () => {
  const { bins, ece } = calibrationScore([0.6, 0.4, 0.6, 0.4, 0.61, 0.39], { labels: [0, 1, 0], classes: 2 });
  assert.deepEqual(bins.map(({ items }) => items), [2, 1]);
  assert.ok(Math.abs(ece - (2 / 3 * 0.1 + 1 / 3 * 0.39)) < 1e-12);
});

/** Labels drawn as the probabilities of `logits` say; then the logits are stretched. */
function drawn(items: number, stretch: number, seed: number): { logits: Float32Array; labels: Int32Array; classes: number } {
  const { normal, next } = rng(seed, 'drawn'), logits = Float32Array.from({ length: items * 3 }, () => 2 * normal());
  const truth = probabilities({ logits, labels: new Int32Array(items), classes: 3 }, 1);
  const labels = Int32Array.from({ length: items }, (_, row) => {
    const u = next();
    return u < truth[row * 3]! ? 0 : u < truth[row * 3]! + truth[row * 3 + 1]! ? 1 : 2;
  });
  return { logits: logits.map((value) => stretch * value), labels, classes: 3 };
}

test('the temperature undoes a stretch of the logits, and nothing near it has less loss', () => {
  const outputs = drawn(2000, 2.5, 1), temperature = fitTemperature(outputs)!;
  assert.ok(Math.abs(temperature - 2.5) < 0.25, String(temperature)); // 2000 items: ± 5 %
  const lossAt = (t: number): number => calibrationScore(probabilities(outputs, t), outputs).loss;
  assert.ok(lossAt(temperature) < lossAt(temperature * 1.01) && lossAt(temperature) < lossAt(temperature / 1.01));
  const { before, after } = calibrationOf(outputs, drawn(2000, 2.5, 2));
  assert.ok(before.ece > 0.1 && after.ece < 0.04 && after.brier < before.brier && before.ece > 5 * before.chanceEce);
  assert.deepEqual(before.bins.reduce((sum, { items }) => sum + items, 0), 2000);
});

test('right probabilities give an error no larger than chance gives; with few items that is much', () => {
  const errors = Array.from({ length: 40 }, (_, seed) => {
    const { labels: few, logits } = drawn(30, 1, seed);
    return calibrationScore(probabilities({ logits, labels: few, classes: 3 }, 1), { labels: few, classes: 3 });
  });
  const mean = (of: (score: (typeof errors)[number]) => number): number => errors.reduce((sum, score) => sum + of(score), 0) / errors.length;
  assert.ok(mean(({ chanceEce }) => chanceEce) > 0.05);
  assert.ok(Math.abs(mean(({ ece }) => ece) - mean(({ chanceEce }) => chanceEce)) < 0.02);
});

test('no temperature is fitted where all validation items are right, or none there are, and that is said', () => {
  const sure = { logits: Float32Array.of(3, 0, 0, 3), labels: [0, 1], classes: 2 };
  const { temperature, why, before, after } = calibrationOf(sure, drawn(10, 1, 3));
  assert.deepEqual([temperature, after], [1, before]);
  assert.match(why!, /all are right/);
  assert.equal(fitTemperature({ logits: new Float32Array(), labels: [], classes: 2 }), undefined);
});
