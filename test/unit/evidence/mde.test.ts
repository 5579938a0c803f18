import assert from 'node:assert/strict';
import { test } from 'node:test';
import { smallestDetectable } from '../../../src/evidence/mde.ts';
import { jsonFixture } from '../../support/fixture.ts';

const { detectable } = jsonFixture<{ detectable: readonly { n: number; discordant: number; alpha: 0.01 | 0.05; gap: number }[] }>('evidence/reference.json');

test('the formula agrees with the power of the exact test, summed over all outcomes', () => {
  assert.equal(detectable.length, 20);
  for (const { n, discordant, alpha, gap } of detectable) {
    const ratio = smallestDetectable(n, discordant, alpha) / gap;
    // Few differing items: the normal approximation errs, on the careful side at .01. From 15 on it is within 5 %.
    const [low, high] = discordant >= 15 ? [0.95, 1.05] : [0.94, 1.15];
    assert.ok(ratio > low && ratio < high, `${n} items, ${discordant} differ, p < ${alpha}: ${ratio} times the exact gap`);
  }
});

test('more items show smaller differences; more disagreement hides larger ones', () => {
  assert.ok(smallestDetectable(400, 40) < smallestDetectable(100, 10));
  assert.ok(smallestDetectable(100, 40) > smallestDetectable(100, 10));
});

test('too few items could show nothing at all', () => {
  assert.equal(smallestDetectable(0, 0), 1);
  assert.equal(smallestDetectable(5, 2), 1);
  assert.ok(smallestDetectable(30, 5) < 1);
});
