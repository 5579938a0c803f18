import assert from 'node:assert/strict';
import { test } from 'node:test';
import { comparePaired, holm } from '../../../src/evidence/paired.ts';
import { crossedDifference } from '../../../src/evidence/crossed.ts';
import { tQuantile, tTwoSided } from '../../../src/evidence/studentT.ts';
import { jsonFixture } from '../../support/fixture.ts';

interface Reference {
  readonly student: readonly { readonly t: number; readonly freedom: number; readonly p: number }[];
  readonly quantile: readonly { readonly alpha: number; readonly freedom: number; readonly t: number }[];
  readonly crossed: readonly { readonly differences: readonly (readonly number[])[]; readonly value: number; readonly low: number; readonly high: number; readonly p: number }[];
}
const reference = jsonFixture<Reference>('evidence/reference.json');
const { pairedT } = jsonFixture<{ pairedT: { differences: readonly number[]; statistic: number; p: number } }>('evidence/goldens.json');

const close = (actual: number, expected: number, tolerance = 1e-9): void =>
  assert.ok(Math.abs(actual - expected) <= tolerance * Math.max(1, Math.abs(expected)), `${actual} is not ${expected}`);

test('Student\'s t follows scipy, also with fractions of degrees of freedom and with a million (1e-9)', () => {
  assert.equal(reference.student.length + reference.quantile.length, 14);
  for (const { t, freedom, p } of reference.student) close(tTwoSided(t, freedom), p);
  for (const { alpha, freedom, t } of reference.quantile) close(tQuantile(alpha, freedom), t);
  close(tTwoSided(pairedT.statistic, pairedT.differences.length - 1), pairedT.p);
});

test('crossed differences follow an analysis of variance by least squares: value, interval, p (1e-8)', () => {
  assert.equal(reference.crossed.length, 4);
  for (const { differences, value, low, high, p } of reference.crossed) {
    const crossed = crossedDifference(differences);
    close(crossed.value, value);
    close(crossed.low, low, 1e-8);
    close(crossed.high, high, 1e-8);
    close(crossed.p, p, 1e-8);
  }
});

test('seeds that agree to the item leave the noise of items; seeds that do not agree are as few numbers as there are seeds', () => {
  const items = Array.from({ length: 200 }, (_, i) => i % 4 === 0 ? 1 : i % 10 === 1 ? -1 : 0), agreed = crossedDifference([items, items, items]);
  const one = comparePaired([{ first: items.map((d) => Number(d > 0)), second: items.map((d) => Number(d < 0)) }]);
  close(agreed.value, one.value);
  assert.ok(Math.abs(agreed.low - one.low) < 0.01 && agreed.p < 1e-3, `${agreed.low} is near ${one.low}`);
  const shares = [0.6, 0.1, 0.2], apart = crossedDifference(shares.map((share) => Array.from({ length: 1000 }, (_, i) => Number(i * 7919 % 1000 < share * 1000))));
  assert.ok(apart.p > 0.1 && apart.low < 0, `a mean of 30 points, and p ${apart.p}`);
});

test('equals are equal, whatever the number of seeds; a certain difference is certain', () => {
  const none = [0, 0, 0, 0], all = [1, 1, 1, 1];
  assert.deepEqual([crossedDifference([none, none]).p, crossedDifference([all, all]).p], [1, 0]);
  assert.equal(comparePaired([{ first: [1], second: [0] }, { first: [1], second: [0] }]).bySeed.length, 1, 'one item cannot be crossed');
});

test('the order of items and of seeds changes nothing', () => {
  const { differences } = reference.crossed[0]!, turned = [...differences].reverse().map((row) => [...row].reverse());
  const [a, b] = [crossedDifference(differences), crossedDifference(turned)];
  for (const key of ['value', 'low', 'high', 'p', 'detectable'] as const) close(a[key], b[key]);
});

test('Holm\'s adjustment multiplies the smallest p by their number, keeps the order, and ends at 1', () => {
  const adjusted = holm([0.01, 0.04, 0.03, 0.005, 0.9]);
  [0.04, 0.09, 0.09, 0.025, 0.9].forEach((p, i) => close(adjusted[i]!, p)); // by hand: 4 × .01, 3 × .03 for both, 5 × .005
  assert.deepEqual(holm([]), []);
});
