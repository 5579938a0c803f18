import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rng, type Rng } from '../../../src/base/rng.ts';
import { causesOf } from '../../../src/evidence/causes.ts';
import { judge } from '../../../src/evidence/verdict.ts';
import { nearness, spreadOf } from '../../../src/evidence/regression.ts';
import type { ControlKind, Verdict } from '../../../src/protocol/verdict.ts';

/** Targets of spread 8, and what networks say of them that are off by about `error`. */
function drawn(items: number, random: Rng) {
  const targets = Array.from({ length: items }, () => 50 + 10 * random.normal()), hard = targets.map(() => 0.5 + random.next()), spread = spreadOf(targets);
  const rightOf = (error: number): number[] => targets.map((target, i) => nearness(target, target + error * hard[i]! * 1.25 * random.normal(), spread));
  return { spread, rightOf };
}

/** Of one seed, or of several whose networks differ by `luck`. */
function judged(random: Rng, { items, run, control, kinds = ['scratch'], seeds = 1, luck = 0 }: { items: number; run: number; control: number; kinds?: readonly ControlKind[]; seeds?: number; luck?: number }): Verdict {
  const { spread, rightOf } = drawn(items, random), off = (error: number): number => error * Math.exp(luck * random.normal());
  return judge(Array.from({ length: seeds }, () => ({ right: rightOf(off(run)), controls: kinds.map((kind) => ({ control: kind, right: rightOf(off(control)) })) })), { labels: [], classes: [], missing: [], spread });
}

test('nearness is 1 when hit, 0 when as far off as the best blind guess, and the median is the best blind guess', () => {
  const targets = [1, 2, 3, 4, 100], spread = spreadOf(targets), mean = (said: number): number => targets.reduce((sum, target) => sum + nearness(target, said, spread), 0) / 5;
  assert.equal(spread, (2 + 1 + 0 + 1 + 97) / 5);
  assert.ok(Math.abs(mean(3)) < 1e-12 && mean(22) < mean(3) && mean(2.9) < 0);
  assert.deepEqual([nearness(5, 5, spread), nearness(5, 5, 0), nearness(5, 6, 0), spreadOf([7, 7]), spreadOf([])], [1, 1, 0, 0, 0]);
});

test('claims follow the rules that shares have: what is clear, what is too small, what is too coarse', () => {
  const of = (items: number, run: number, control: number, seeds = 1): string => judged(rng(1, items, run, control, seeds), { items, run, control, seeds }).claim;
  assert.equal(of(100, 3, 6), 'helps');
  assert.equal(of(100, 6, 3), 'hurts');
  assert.equal(of(49, 3, 6), 'not-assessed', 'under 50 items');
  assert.equal(of(60, 5, 5), 'not-assessed', 'too coarse to show 10 points');
  assert.equal(of(2000, 5, 5), 'not-shown');
  assert.equal(of(2000, 5, 5.4), 'not-shown', 'clear, but under 6 points of one seed');
  assert.equal(of(2000, 5, 5.5, 3), 'helps', '3 agreeing seeds need 2');
});

test('the words say how far off both are in the unit of the target, what a point is, interval, p, seeds, and what could have been shown', () => {
  const { words, headline, spread, comparisons: [comparison] } = judged(rng(2, 'words'), { items: 200, run: 2, control: 5, kinds: ['scratch'] });
  assert.equal(headline, 'Transfer helps (1 seed: likely)');
  assert.match(words, /^On the same 200 test items the run was \d\.\d+ off on average, the same network trained from scratch \d\.\d+ off; always saying their median would be \d\.\d+ off, which is 100 points\. Difference \+\d+\.\d points \(95 % interval \+\d+\.\d to \+\d+\.\d\), sign-flip p < \.001, 1 seed\. The smallest difference that these items would probably have shown is \d+(\.\d)? points\.$/);
  assert.ok(comparison && spread && Math.abs((1 - comparison.run.value) * spread - 2) < 0.4, words);
  assert.ok(comparison.run.low < comparison.run.value && comparison.run.value < comparison.run.high);
  assert.equal(comparison.onlyRun + comparison.onlyControl, 200, 'one of the two is nearer on each item');
  assert.match(judged(rng(3, 'words'), { items: 100, run: 2, control: 5, seeds: 3 }).words, /^Over 3 seeds on the same 100 test items the run was .* p [<=] \.\d+ with both seeds and items as chance; by seed \+/);
});

test('of 80 pairs of equally good networks at most 3 are said to hurt and 3 to help, also where luck of the seed moves their errors', () => {
  for (const setting of [{ items: 60 }, { items: 250, luck: 0.03 }, { items: 100, luck: 0.03, seeds: 3 }]) {
    const random = rng(12, 'null numbers', setting.items), claims = Array.from({ length: 80 }, () => judged(random, { ...setting, run: 5, control: 5 }).claim);
    for (const claim of ['hurts', 'helps'] as const) {
      const said = claims.filter((each) => each === claim).length;
      assert.ok(said <= 3, `${said} of 80 ${claim} on ${setting.items} items`);
    }
  }
});

test('of 40 runs whose error is a third smaller on 100 items, most are said to help, and none to hurt', () => {
  const random = rng(13, 'true numbers'), claims = Array.from({ length: 40 }, () => judged(random, { items: 100, run: 4, control: 6 }).claim);
  assert.ok(claims.filter((claim) => claim === 'helps').length > 24 && !claims.includes('hurts'), claims.join());
});

test('causes speak of numbers where numbers are learnt', () => {
  const verdict = judged(rng(6, 'causes'), { items: 100, run: 8, control: 8, kinds: ['blind', 'linear-probe', 'scratch'] });
  const facts = { claim: verdict.claim, comparisons: verdict.comparisons, spread: verdict.spread!, stages: [{ train: ['head'], rate: 1e-3, layerDecay: 1 }], isProbe: false, isRankable: false, bestStep: 9, warnings: [], sources: [] };
  const [failed] = causesOf(facts);
  assert.match(failed?.words ?? '', /^The run failed to learn: \d+(\.\d+)? off on average, and always saying the training photos’ mean is \d+(\.\d+)? off \(/);
  const few = judged(rng(7, 'few'), { items: 60, run: 5, control: 5.2 }), advice = causesOf({ ...facts, claim: few.claim, comparisons: few.comparisons });
  assert.match(advice.find(({ cause }) => cause === 'too-little-data')?.words ?? '', /60 would only have shown a difference of \d+ points or more\. About \d+ would show 10 points\./);
});
