import assert from 'node:assert/strict';
import { test } from 'node:test';
import { meanDifference } from '../../../src/evidence/signFlip.ts';
import { rng } from '../../../src/base/rng.ts';
import { jsonFixture } from '../../support/fixture.ts';

interface Case { readonly differences: readonly number[]; readonly p: number; readonly low: number; readonly high: number }
const { signFlip } = jsonFixture<{ signFlip: readonly Case[] }>('evidence/reference.json');

test('p and interval follow all sign patterns, counted one by one, within the chance of drawing some of them', () => {
  assert.equal(signFlip.length, 3);
  for (const { differences, p, low, high } of signFlip) {
    const drawn = meanDifference(differences), width = high - low;
    assert.ok(Math.abs(drawn.p - p) < 3.5 * Math.sqrt(p * (1 - p) / 10_000) + 1e-4, `${drawn.p} is near ${p}`);
    assert.ok(Math.abs(drawn.low - low) < 0.03 * width && Math.abs(drawn.high - high) < 0.03 * width, `${drawn.low} to ${drawn.high} is near ${low} to ${high}`);
  }
});

test('test and interval never disagree, and the same differences give the same numbers', () => {
  const random = rng(4, 'agree');
  for (let round = 0; round < 40; round++) {
    const differences = Array.from({ length: 30 }, () => random.normal() + 0.36), { p, low, high } = meanDifference(differences);
    assert.equal(p < 0.05, low > 0 || high < 0, `p ${p}, ${low} to ${high}`);
    if (round === 0) assert.deepEqual(meanDifference(differences), { ...meanDifference(differences) });
  }
});

test('the interval holds the true mean in some 95 of 100 draws, of normal noise and of heavy tails', () => {
  const random = rng(5, 'cover');
  const draws: Readonly<Record<string, () => number>> = {
    normal: () => random.normal(),
    errors: () => { const hard = random.normal(); return Math.abs(hard + 0.7 * random.normal()) - Math.abs(hard + 0.7 * random.normal()); },
    'heavy tails': () => random.normal() / Math.sqrt((random.normal() ** 2 + random.normal() ** 2 + random.normal() ** 2) / 3),
  };
  for (const [name, draw] of Object.entries(draws)) {
    const held = Array.from({ length: 150 }, () => meanDifference(Array.from({ length: 50 }, draw))).filter(({ low, high }) => low <= 0 && high >= 0).length;
    assert.ok(held >= 134 && held <= 150, `${held} of 150 with ${name}`);
  }
});

test('equal networks are equal; so few items rule nothing out; units do not matter', () => {
  assert.deepEqual(meanDifference([0, 0, 0, 0, 0, 0, 0, 0]), { value: 0, low: 0, high: 0, p: 1, detectable: 0 });
  for (const few of [[], [3], [1, 2, 3, 4]]) {
    const { low, high, p } = meanDifference(few);
    assert.deepEqual([low, high, p > 0.05], [-Infinity, Infinity, true]);
  }
  const differences = Array.from({ length: 20 }, (_, i) => i % 7 - 2), one = meanDifference(differences), thousandfold = meanDifference(differences.map((each) => 1000 * each));
  assert.equal(thousandfold.p, one.p);
  assert.ok(Math.abs(thousandfold.low - 1000 * one.low) < 1e-9 && Math.abs(thousandfold.detectable - 1000 * one.detectable) < 1e-9);
});
