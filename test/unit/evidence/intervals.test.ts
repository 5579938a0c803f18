import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rng } from '../../../src/base/rng.ts';
import { pairedDifference, shareOf } from '../../../src/evidence/intervals.ts';
import { jsonFixture } from '../../support/fixture.ts';

const reference = jsonFixture<{
  tango: readonly { b: number; c: number; n: number; interval: readonly [number, number] }[];
  wilson: readonly { k: number; n: number; interval: readonly [number, number] }[];
}>('evidence/reference.json');
const goldens = jsonFixture<{ wilson: { p: number; n: number; interval: readonly number[] } }>('evidence/goldens.json');

const close = (actual: number, expected: number, tolerance: number): void =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected}`);

test('Wilson’s interval follows scipy, also at 0 and 1', () => {
  assert.equal(reference.wilson.length, 5);
  for (const { k, n, interval: [low, high] } of reference.wilson) {
    const share = shareOf(k, n);
    close(share.low, low, 1e-12);
    close(share.high, high, 1e-12);
    assert.ok(share.low <= share.value && share.value <= share.high && share.low >= 0 && share.high <= 1);
  }
  const { p, n, interval } = goldens.wilson; // of a share that no whole number of items has
  close(shareOf(p * n, n).low, interval[0]!, 1e-12);
  close(shareOf(p * n, n).high, interval[1]!, 1e-12);
});

test('Tango’s interval is the one found by maximising the likelihood (1e-6: that search’s own tolerance)', () => {
  assert.equal(reference.tango.length, 9);
  for (const { b, c, n, interval: [low, high] } of reference.tango) {
    const difference = pairedDifference(b, c, n);
    close(difference.low, low, 1e-6);
    close(difference.high, high, 1e-6);
    close(difference.value, (b - c) / n, 1e-15);
  }
});

test('the ends: all items in favour of one, no items', () => {
  assert.deepEqual(pairedDifference(0, 0, 0), { value: 0, low: -1, high: 1 });
  assert.equal(pairedDifference(60, 0, 60).high, 1);
  assert.equal(pairedDifference(0, 60, 60).low, -1);
  close(pairedDifference(60, 0, 60).low, 0.879656, 1e-5); // reference.py: tango(60, 0, 60)
  assert.deepEqual(shareOf(0, 0), { value: 0, low: 0, high: 1, correct: 0, items: 0 });
});

test('95 % of the intervals of 2,000 simulated pairs hold the true difference (72 items; 93.5 to 97 %)', () => {
  const random = rng(11, 'coverage'), onlyRun = 0.2, onlyControl = 0.08;
  let held = 0;
  for (let i = 0; i < 2000; i++) {
    let b = 0, c = 0;
    for (let item = 0; item < 72; item++) {
      const u = random.next();
      if (u < onlyRun) b++;
      else if (u < onlyRun + onlyControl) c++;
    }
    const { low, high } = pairedDifference(b, c, 72);
    held += Number(low <= onlyRun - onlyControl && onlyRun - onlyControl <= high);
  }
  assert.ok(held >= 1870 && held <= 1940, `${held} of 2000`);
});
