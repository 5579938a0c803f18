import assert from 'node:assert/strict';
import { test } from 'node:test';
import { logGamma, mcnemarOneSided, mcnemarTwoSided } from '../../../src/evidence/mcnemar.ts';
import { jsonFixture } from '../../support/fixture.ts';

const { mcnemar } = jsonFixture<{ mcnemar: { b_c: readonly number[]; oneSided: readonly number[]; twoSided: readonly number[] } }>('evidence/goldens.json');
const reference = jsonFixture<{ mcnemar: readonly { b: number; c: number; p: number; tail: number }[] }>('evidence/reference.json');

const close = (actual: number, expected: number, relative: number): void =>
  assert.ok(Math.abs(actual - expected) <= relative * Math.abs(expected), `${actual} is not ${expected}`);

test('six tables follow scipy (relative 1e-9)', () => {
  assert.equal(mcnemar.oneSided.length, 6);
  mcnemar.oneSided.forEach((p, i) => {
    const [b, c] = [mcnemar.b_c[2 * i]!, mcnemar.b_c[2 * i + 1]!];
    close(mcnemarOneSided(b, c), p, 1e-9);
    close(mcnemarTwoSided(b, c), mcnemar.twoSided[i]!, 1e-9);
  });
});

test('a million discordant items are as exact as eight (relative 1e-8: the logarithm of Γ at 10⁶ has nine digits left)', () => {
  assert.equal(reference.mcnemar.length, 8);
  for (const { b, c, p, tail } of reference.mcnemar) {
    close(mcnemarTwoSided(b, c), p, 1e-8);
    close(mcnemarOneSided(b, c), tail, 1e-8);
  }
});

test('swapping the two classifiers turns the one-sided test round and leaves the two-sided as it is', () => {
  for (const [b, c] of [[3, 9], [0, 5], [40, 44]] as const) {
    assert.equal(mcnemarTwoSided(b, c), mcnemarTwoSided(c, b));
    assert.ok(mcnemarOneSided(b, c) > 0.5 && mcnemarOneSided(c, b) < 0.5);
  }
});

test('classifiers that never differ are not told apart', () => {
  assert.equal(mcnemarTwoSided(0, 0), 1);
  assert.equal(mcnemarOneSided(0, 0), 1);
});

test('ln Γ of whole numbers is the logarithm of factorials', () => {
  let factorial = 1;
  for (let n = 1; n <= 20; n++) {
    close(1 + logGamma(n), 1 + Math.log(factorial), 1e-13);
    factorial *= n;
  }
});
