import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sweepRows, type Variant } from '../../../src/evidence/sweep.ts';
import { gapText, lossSpread, rowName, scoreSpread } from '../../../src/protocol/sweepWords.ts';

/** 200 items of one class; right where `isRight` says so. */
const answers = (isRight: (i: number) => boolean) => Array.from({ length: 200 }, (_, i) => ({ truth: [0], said: [isRight(i) ? 0 : 1] }));
const variant = (name: string, losses: readonly number[], shares: readonly number[]): Variant => ({
  name, runs: losses.map((_, i) => `${name}-${i}`), scores: losses.map((validationLoss, i) => ({ validationLoss, validation: 1 - validationLoss, test: shares[i]! })),
  answers: shares.map((share) => answers((i) => i * 7 % 200 < share * 200)),
});

test('the best is so on validation, whatever the test says; each other one stands beside it, item by item', () => {
  const rows = sweepRows([variant('low', [0.5], [0.9]), variant('middle', [0.3], [0.8]), variant('high', [0.6], [0.5])], false);
  assert.deepEqual(rows.map(({ name, isBest, gap }) => [name, isBest, gap && Math.round(gap.gapPt), gap?.isShown]), [['low', false, 10, true], ['middle', true, undefined, undefined], ['high', false, -30, true]]);
  assert.match(gapText(rows[2]!.gap!), /^−30\.0 points \(−\d+\.\d to −\d+\.\d\), shown$/);
});

test('p is adjusted for the number of variants: what one of two shows, one of twenty does not', () => {
  const near = { ...variant('near', [0.5], [0.74]) }, best = variant('best', [0.3], [0.8]);
  const noise = Array.from({ length: 18 }, (_, i) => ({ ...variant(`noise ${i}`, [0.9], [0.8]), answers: [answers((item) => (item * 7 + 20 * (item % 2)) % 200 < 160)] }));
  const alone = sweepRows([best, near], false)[1]!.gap!, many = sweepRows([best, near, ...noise], false)[1]!.gap!;
  assert.ok(alone.isShown && many.p > 10 * alone.p, `${alone.p} becomes ${many.p}`);
});

test('seeds of a variant are put together: mean and standard deviation, and a test over both seeds and items', () => {
  const [a, b] = sweepRows([variant('a', [0.3, 0.34, 0.32], [0.8, 0.82, 0.81]), variant('b', [0.5, 0.6, 0.4], [0.6, 0.8, 0.5])], false);
  assert.equal(rowName(a!), 'a · 3 seeds');
  assert.equal(lossSpread(a!.validationLoss!), '0.3200 ± 0.0200');
  assert.equal(scoreSpread(a!.test!, undefined), '81.0 % ± 1.0');
  assert.equal(scoreSpread({ mean: 0.7, deviation: 0.03 }, 'image-regression'), 'R² 0.70 ± 0.03');
  assert.ok(b!.gap && Math.abs(b!.gap.gapPt + 17.7) < 0.1 && !b!.gap.isShown, 'three seeds that differ as much show nothing');
});

test('runs that are not tested yet, or on other items, are not compared; nothing is best before anything is evaluated', () => {
  const waiting: Variant = { name: 'later', runs: ['x'], scores: [{}] }, other: Variant = { name: 'other', runs: ['y'], scores: [{ validationLoss: 0.9, validation: 0.1, test: 0.1 }] };
  const rows = sweepRows([variant('a', [0.3], [0.8]), waiting, other], false);
  assert.deepEqual(rows.map(({ tested, isBest, gap }) => [tested, isBest, gap]), [[1, true, undefined], [0, false, undefined], [1, false, undefined]]);
  assert.deepEqual(sweepRows([waiting], false).map(({ isBest }) => isBest), [false]);
});

test('where numbers are learnt the best has the largest R², since losses of different kinds do not compare, and gaps are of errors', () => {
  const numbers = (name: string, validationLoss: number, validation: number, off: number): Variant => ({
    name, runs: [name], scores: [{ validationLoss, validation, test: validation }], answers: [Array.from({ length: 100 }, (_, i) => ({ truth: [i], said: [i + off * (i % 2 ? 1 : -1)] }))],
  });
  const [huber, squared] = sweepRows([numbers('huber', 0.2, 0.6, 10), numbers('squared', 0.3, 0.8, 5)], true);
  assert.ok(squared!.isBest && huber!.gap!.isShown);
  assert.ok(Math.abs(huber!.gap!.gapPt + 20) < 1e-9, '5 more of a spread of 25');
});
