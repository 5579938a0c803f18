import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rng } from '../../../src/base/rng.ts';
import { judge, rules } from '../../../src/evidence/verdict.ts';
import type { ControlOutcome } from '../../../src/evidence/verdict.ts';
import type { ControlKind, Verdict } from '../../../src/protocol/verdict.ts';

/** Outcomes on `both + onlyRun + onlyControl + neither` items of class 0: right = called 0. */
interface Table { readonly both: number; readonly onlyRun: number; readonly onlyControl: number; readonly neither: number }
const predictions = ({ both, onlyRun, onlyControl, neither }: Table): { run: number[]; control: number[]; labels: number[] } => {
  const of = (run: number, control: number, n: number): number[][] => Array.from({ length: n }, () => [run, control]);
  const items = [...of(0, 0, both), ...of(0, 1, onlyRun), ...of(1, 0, onlyControl), ...of(1, 1, neither)];
  return { run: items.map(([run]) => run!), control: items.map(([, control]) => control!), labels: items.map(() => 0) };
};
const judged = (table: Table, control: ControlKind = 'scratch', seeds = 1): Verdict => {
  const { run, control: predicted, labels } = predictions(table);
  return judge({ labels, predicted: run }, [{ control, predicted }], { seeds, missing: [] });
};

const claims: readonly (readonly [what: string, table: Table, claim: Verdict['claim']])[] = [
  ['a large gain on 72 items', { both: 30, onlyRun: 30, onlyControl: 4, neither: 8 }, 'helps'],
  ['a large loss on 72 items', { both: 30, onlyRun: 4, onlyControl: 30, neither: 8 }, 'hurts'],
  ['no difference on 72 items, which could not have shown 10 points', { both: 50, onlyRun: 6, onlyControl: 6, neither: 10 }, 'not-assessed'],
  ['no difference on 400 items', { both: 340, onlyRun: 14, onlyControl: 12, neither: 34 }, 'not-shown'],
  ['p just above .01', { both: 340, onlyRun: 22, onlyControl: 8, neither: 30 }, 'not-shown'],
  ['49 items, however clear', { both: 5, onlyRun: 40, onlyControl: 0, neither: 4 }, 'not-assessed'],
  ['50 items, clear', { both: 5, onlyRun: 40, onlyControl: 0, neither: 5 }, 'helps'],
  ['a significant gain under 2 points', { both: 9500, onlyRun: 130, onlyControl: 60, neither: 310 }, 'not-shown'],
  ['two that never differ, on 1,000 items', { both: 900, onlyRun: 0, onlyControl: 0, neither: 100 }, 'not-shown'],
];
for (const [what, table, claim] of claims) {
  test(`${what}: ${claim}`, () => {
    const verdict = judged(table);
    assert.equal(verdict.claim, claim, verdict.words);
    assert.equal(verdict.against, 'scratch');
  });
}

test('the boundary of p is where the rule says: 22 against 8 is .016, 23 against 7 is .005', () => {
  assert.ok(judged({ both: 340, onlyRun: 22, onlyControl: 8, neither: 30 }).comparisons[0]!.p > rules.p);
  assert.equal(judged({ both: 340, onlyRun: 23, onlyControl: 7, neither: 30 }).claim, 'helps');
});

test('hurting against one control outweighs helping against the other; helping needs both', () => {
  const labels = new Array<number>(400).fill(0), rightFirst = (percent: number): number[] => labels.map((_, i) => i < 4 * percent ? 0 : 1);
  const verdictOf = (scratch: number, random: number): Verdict => judge({ labels, predicted: rightFirst(60) },
    [{ control: 'random-features', predicted: rightFirst(random) }, { control: 'scratch', predicted: rightFirst(scratch) }], { seeds: 1, missing: [] });
  assert.deepEqual([verdictOf(80, 30).claim, verdictOf(80, 30).against], ['hurts', 'scratch']);
  assert.deepEqual([verdictOf(30, 80).claim, verdictOf(30, 80).against], ['hurts', 'random-features']);
  assert.deepEqual([verdictOf(40, 30).claim, verdictOf(40, 30).against], ['helps', 'scratch']);
  assert.equal(verdictOf(59, 30).claim, 'not-shown');
});

test('blind guess and kNN are shown beside the verdict and carry no claim', () => {
  for (const control of ['blind', 'knn'] as const) {
    const verdict = judged({ both: 0, onlyRun: 90, onlyControl: 0, neither: 10 }, control);
    assert.equal(verdict.claim, 'not-assessed');
    assert.equal(verdict.against, undefined);
    assert.equal(verdict.comparisons[0]!.control, control);
  }
});

test('with matched steps the run is judged at its own checkpoint within them, and the words say which steps', () => {
  const labels = new Array<number>(100).fill(0), all = new Array<number>(100).fill(0), half = labels.map((_, i) => i % 2);
  const control: ControlOutcome = { control: 'scratch', predicted: half, matched: { step: 120, predicted: half } };
  const verdict = judge({ labels, predicted: all }, [control], { seeds: 1, missing: [], scratchBudgetMs: 60_000 });
  assert.equal(verdict.comparisons[0]!.gapPt, 0); // not 50: at step 120 the run was no better
  assert.deepEqual(verdict.comparisons[0]!.at, { kind: 'matched', step: 120 });
  assert.match(verdict.words, /within the first 120 steps, where the control's time ended \(60 s\)/);
});

test('the words give counts, shares, interval, p, seeds, what could have been shown, and what was not run', () => {
  const { run, control, labels } = predictions({ both: 30, onlyRun: 30, onlyControl: 4, neither: 8 });
  const blind = labels.map(() => 1);
  const verdict = judge({ labels, predicted: run }, [{ control: 'blind', predicted: blind }, { control: 'random-features', predicted: control }],
    { seeds: 1, missing: [{ control: 'scratch', why: 'switched off in the experiment file' }] });
  assert.equal(verdict.headline, 'Transfer helps (1 seed: likely)');
  assert.equal(verdict.words, 'On the same 72 test items the run got 60 right (83.3 %), the same plan on random weights 34 (47.2 %). '
    + 'Difference +36.1 points (95 % interval +21.9 to +49.2), exact McNemar p < .001, 1 seed. '
    + 'The smallest difference that these items would probably have shown is 27 points. '
    + 'Beside it: the blind guess 0.0 % (run +83.3). '
    + 'Not run: the same network trained from scratch (switched off in the experiment file).');
});

test('three seeds may confirm; no wording ever says "proved"', () => {
  assert.equal(judged({ both: 30, onlyRun: 4, onlyControl: 30, neither: 8 }, 'scratch', 3).headline, 'Transfer hurts (3 seeds: confirmed)');
  for (const [, table] of claims) assert.doesNotMatch(JSON.stringify(judged(table)), /prove/i);
});

test('of 200 pairs of equally good classifiers on 72 items, at most 5 % are said to hurt, and no more to help', () => {
  const random = rng(8, 'null pairs'), counts: Record<string, number> = {};
  for (let pair = 0; pair < 200; pair++) {
    const labels = new Array<number>(72).fill(0), easy = labels.map(() => random.next() * 0.6 + 0.4); // items differ in difficulty, the classifiers do not
    const draw = (): number[] => easy.map((p) => random.next() < p ? 0 : 1);
    const { claim } = judge({ labels, predicted: draw() }, [{ control: 'scratch', predicted: draw() }, { control: 'random-features', predicted: draw() }], { seeds: 1, missing: [] });
    counts[claim] = (counts[claim] ?? 0) + 1;
  }
  assert.ok((counts['hurts'] ?? 0) <= 10 && (counts['helps'] ?? 0) <= 10, JSON.stringify(counts));
  assert.equal(Object.values(counts).reduce((a, b) => a + b), 200);
});

test('of 200 runs that are 25 points better on 72 items, most are said to help', () => {
  const random = rng(9, 'true pairs');
  let helps = 0;
  for (let pair = 0; pair < 200; pair++) {
    const labels = new Array<number>(72).fill(0), draw = (p: number): number[] => labels.map(() => random.next() < p ? 0 : 1);
    helps += Number(judge({ labels, predicted: draw(0.85) }, [{ control: 'scratch', predicted: draw(0.6) }], { seeds: 1, missing: [] }).claim === 'helps');
  }
  assert.ok(helps > 120, `${helps} of 200`);
});
