import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rng } from '../../../src/base/rng.ts';
import { smoothed, suggestRates } from '../../../src/evidence/rateSuggestions.ts';

const rates = Array.from({ length: 100 }, (_, i) => 1e-6 * 10 ** (6 * i / 99));

/** A plateau at 2, a fall to 0.5 around `fall` (rate), a rise without end around `rise`; noise as of batches. */
function curve(fall: number, rise: number, noise: number): number[] {
  const { normal } = rng(3, 'curve');
  return rates.map((rate) => 2 - 1.5 / (1 + (fall / rate) ** 2) + (rate / rise) ** 3 + noise * normal());
}

const decades = (a: number, b: number): number => Math.abs(Math.log10(a / b));

for (const noise of [0, 0.02, 0.1]) test(`a valley whose steepest place is known is found under noise of ${noise} nats`, () => {
  const found = suggestRates({ rates, losses: curve(1e-3, 0.1, noise) });
  assert.ok(found);
  assert.ok(decades(found.steepest, 1e-3) < 0.25, `steepest ${found.steepest}`);
  assert.ok(decades(found.valley, 1e-3) < 0.7, `valley ${found.valley}`);
  assert.ok(found.minimum > 5e-4 && found.minimum < 4e-3, `minimum ${found.minimum}`); // the lowest lies between fall and rise
});

test('the suggestions move with the valley: ten times the rates, ten times the suggestions', () => {
  const [low, high] = [1e-4, 1e-3].map((fall) => suggestRates({ rates, losses: curve(fall, 100 * fall, 0) })!);
  for (const name of ['valley', 'steepest', 'minimum'] as const) assert.ok(decades(high![name], 10 * low![name]) < 0.1, name);
});

test('a loss that only rises suggests nothing, nor do a few points', () => {
  assert.equal(suggestRates({ rates, losses: rates.map((_, i) => 1 + i) }), undefined);
  assert.equal(suggestRates({ rates: rates.slice(0, 5), losses: [5, 4, 3, 2, 1] }), undefined);
});

test('smoothing keeps a straight line, comes neither early nor late, and ends where the loss is no number', () => {
  const line = rates.map((_, i) => i), smooth = smoothed(line);
  assert.ok(smooth.slice(10, 90).every((value, i) => Math.abs(value - (i + 10)) < 1e-9));
  const step = smoothed(rates.map((_, i) => i < 50 ? 1 : 0));
  assert.ok(Math.abs(step[49]! + step[50]! - 1) < 1e-9);
  assert.equal(smoothed([...line.slice(0, 40), NaN, 3]).length, 40);
});
