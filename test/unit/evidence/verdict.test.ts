import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rng, type Rng } from '../../../src/base/rng.ts';
import { judge, rules } from '../../../src/evidence/verdict.ts';
import type { ControlOutcome, JudgeOptions } from '../../../src/evidence/verdict.ts';
import type { ControlKind, Verdict } from '../../../src/protocol/verdict.ts';

/** Outcomes on `both + onlyRun + onlyControl + neither` items. */
interface Table { readonly both: number; readonly onlyRun: number; readonly onlyControl: number; readonly neither: number }
const outcomes = ({ both, onlyRun, onlyControl, neither }: Table): { run: number[]; control: number[] } => {
  const of = (run: number, control: number, n: number): number[][] => Array.from({ length: n }, () => [run, control]);
  const items = [...of(1, 1, both), ...of(1, 0, onlyRun), ...of(0, 1, onlyControl), ...of(0, 0, neither)];
  return { run: items.map(([run]) => run!), control: items.map(([, control]) => control!) };
};
/** Of one class. */
const judgeOne = (right: readonly number[], controls: readonly ControlOutcome[], options: Partial<JudgeOptions> = {}): Verdict =>
  judge([{ right, controls }], { labels: right.map(() => 0), classes: ['glass'], missing: [], ...options });
const judged = (table: Table, control: ControlKind = 'scratch'): Verdict => {
  const { run, control: right } = outcomes(table);
  return judgeOne(run, [{ control, right }]);
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
  assert.ok(judged({ both: 140, onlyRun: 22, onlyControl: 8, neither: 30 }).comparisons[0]!.p > rules.p);
  assert.equal(judged({ both: 140, onlyRun: 23, onlyControl: 7, neither: 30 }).claim, 'helps');
});

test('one seed has to show 6 points, which luck of the seed seldom makes; three agreeing seeds 2', () => {
  const table = { both: 1600, onlyRun: 140, onlyControl: 60, neither: 200 }, { run, control: right } = outcomes(table);
  const [one] = judged(table).comparisons;
  assert.ok(one!.p < 1e-6 && one!.gapPt === 4);
  assert.equal(judged(table).claim, 'not-shown');
  assert.match(judged(table).words, /\+4\.0 is under the 6 points that count as a difference of one seed, .*three seeds could tell/);
  const seed = { right: run, controls: [{ control: 'scratch' as const, right }] };
  assert.equal(judge([seed, seed, seed], { labels: run.map(() => 0), classes: ['glass'], missing: [] }).claim, 'helps');
});

test('one seed that is clearly behind hurts from 15 points on; below, luck of the seed may be all of it, and three seeds tell', () => {
  const table = { both: 700, onlyRun: 50, onlyControl: 150, neither: 100 }, { run, control: right } = outcomes(table), verdict = judged(table);
  assert.ok(Math.abs(verdict.comparisons[0]!.gapPt + 10) < 1e-9 && verdict.comparisons[0]!.p < 1e-6);
  assert.equal(verdict.claim, 'not-shown');
  assert.match(verdict.words, /−10\.0 is clear on these items, but one seed can be behind by as much through its luck alone, up to 15 points: three seeds could tell/);
  assert.equal(judged({ ...table, onlyControl: 200, neither: 50 }).claim, 'hurts');
  const seed = { right: run, controls: [{ control: 'scratch' as const, right }] };
  assert.equal(judge([seed, seed, seed], { labels: run.map(() => 0), classes: ['glass'], missing: [] }).claim, 'hurts');
});

test('hurting against one control outweighs helping against the other; helping needs both', () => {
  const rightFirst = (percent: number): number[] => Array.from({ length: 400 }, (_, i) => i < 4 * percent ? 1 : 0);
  const verdictOf = (scratch: number, random: number): Verdict => judgeOne(rightFirst(60),
    [{ control: 'random-features', right: rightFirst(random) }, { control: 'scratch', right: rightFirst(scratch) }]);
  assert.deepEqual([verdictOf(80, 30).claim, verdictOf(80, 30).against], ['hurts', 'scratch']);
  assert.deepEqual([verdictOf(30, 80).claim, verdictOf(30, 80).against], ['hurts', 'random-features']);
  assert.deepEqual([verdictOf(40, 30).claim, verdictOf(40, 30).against], ['helps', 'scratch']);
  assert.equal(verdictOf(59, 30).claim, 'not-shown');
});

test('the order of items, of controls and of seeds changes no verdict', () => {
  const { next, shuffled } = rng(7, 'order'), items = 240, labels = Array.from({ length: items }, (_, i) => i % 4), classes = ['a', 'b', 'c', 'd'];
  const drawn = (share: number): number[] => labels.map(() => Number(next() < share)), order = shuffled([...labels.keys()]);
  const seeds = [0, 1, 2].map(() => ({ right: drawn(0.8), controls: [{ control: 'random-features' as const, right: drawn(0.5) }, { control: 'scratch' as const, right: drawn(0.65) }] }));
  const moved = (right: ArrayLike<number>): number[] => order.map((i) => right[i]!);
  const mixed = seeds.map(({ right, controls }) => ({ right: moved(right), controls: [...controls].reverse().map((each) => ({ ...each, right: moved(each.right) })) }));
  const sorted = ({ comparisons, ...verdict }: Verdict): unknown => ({ ...verdict, comparisons: [...comparisons].sort((a, b) => a.control < b.control ? -1 : 1) });
  const of = (from: typeof seeds, own: readonly number[]): Verdict => judge(from, { labels: own, classes, missing: [] });
  assert.deepEqual(sorted(of(mixed.slice(0, 1), moved(labels))), sorted(of(seeds.slice(0, 1), labels)));
  const [three, turned] = [of(seeds, labels), of([...mixed].reverse(), moved(labels))];
  assert.deepEqual([turned.claim, turned.against, turned.headline], [three.claim, three.against, three.headline]);
  for (const { control, p, gapPt } of three.comparisons) {
    const other = turned.comparisons.find((each) => each.control === control)!;
    assert.ok(Math.abs(other.p - p) < 1e-12 && Math.abs(other.gapPt - gapPt) < 1e-9, control);
  }
});

test('blind guess, kNN and linear probe are shown beside the verdict and carry no claim', () => {
  for (const control of ['blind', 'knn', 'linear-probe'] as const) {
    const verdict = judged({ both: 0, onlyRun: 90, onlyControl: 0, neither: 10 }, control);
    assert.equal(verdict.claim, 'not-assessed');
    assert.equal(verdict.against, undefined);
    assert.equal(verdict.comparisons[0]!.control, control);
  }
});

test('with matched steps the run is judged at its own checkpoint within them, and the words say which steps', () => {
  const all = new Array<number>(100).fill(1), half = all.map((_, i) => i % 2);
  const verdict = judgeOne(all, [{ control: 'scratch', right: half, matched: { step: 120, right: half } }], { scratchBudgetMs: 60_000 });
  assert.equal(verdict.comparisons[0]!.gapPt, 0); // not 50: at step 120 the run was no better
  assert.deepEqual(verdict.comparisons[0]!.at, { kind: 'matched', step: 120 });
  assert.match(verdict.words, /within the first 120 steps, where the control's time ended \(60 s\): this is matched to 120 steps/);
  const none = all.map(() => 0), ahead = judgeOne(all, [{ control: 'scratch', right: none, matched: { step: 120, right: all } }]);
  assert.equal(ahead.headline, 'Transfer helps at this budget (1 seed: likely)');
});

test('the words give counts, shares, interval, p, seeds, what could have been shown, and what was not run', () => {
  const { run, control } = outcomes({ both: 30, onlyRun: 30, onlyControl: 4, neither: 8 });
  const verdict = judgeOne(run, [{ control: 'blind', right: run.map(() => 0) }, { control: 'random-features', right: control }],
    { missing: [{ control: 'scratch', why: 'switched off in the experiment file' }] });
  assert.equal(verdict.headline, 'Transfer helps (1 seed: likely)');
  assert.equal(verdict.words, 'On the same 72 test items the run got 60 right (83.3 %), the same plan on random weights 34 (47.2 %). '
    + 'Difference +36.1 points (95 % interval +21.9 to +49.2), exact McNemar p < .001, 1 seed. '
    + 'The smallest difference that these items would probably have shown is 27 points. '
    + 'Beside it: the blind guess 0.0 % (run +83.3). '
    + 'Not run: the same network trained from scratch (switched off in the experiment file).');
});

/** The same table for each of several seeds: they agree to the item. */
const repeated = (table: Table, seeds: number): Verdict => {
  const { run: right, control } = outcomes(table);
  return judge(Array.from({ length: seeds }, () => ({ right, controls: [{ control: 'scratch', right: control }] })), { labels: right.map(() => 0), classes: ['glass'], missing: [] });
};

test('three seeds may confirm, two may not; no wording ever says "proved"', () => {
  const hurt = { both: 30, onlyRun: 4, onlyControl: 30, neither: 8 };
  assert.equal(repeated(hurt, 3).headline, 'Transfer hurts (3 seeds: confirmed)');
  assert.equal(repeated(hurt, 2).headline, 'Transfer hurts (2 seeds: likely)');
  assert.match(repeated(hurt, 3).words, /^Over 3 seeds on the same 72 test items the run got 47\.2 % right.*by seed −36\.1, −36\.1, −36\.1\./);
  for (const [, table] of claims) assert.doesNotMatch(JSON.stringify([judged(table), repeated(table, 3)]), /prove/i);
});

test('helping is as sure as the control with the fewest seeds', () => {
  const right = new Array<number>(72).fill(1), wrong = right.map(() => 0), both: ControlOutcome[] = [{ control: 'random-features', right: wrong }, { control: 'scratch', right: wrong }];
  const seeds = [{ right, controls: both }, { right, controls: [both[0]!] }, { right, controls: [both[0]!] }];
  assert.equal(judge(seeds, { labels: right, classes: [], missing: [] }).headline, 'Transfer helps (1 seed: likely)');
});

test('a class that the transfer hurt is named, with what remains of its p among many classes', () => {
  const labels = Array.from({ length: 300 }, (_, i) => i % 3), right = labels.map((label, i) => Number(label === 2 ? i % 2 : i % 10 > 0)), control = labels.map((_, i) => Number(i % 11 > 0));
  const of = (seeds: number): Verdict => judge(Array.from({ length: seeds }, () => ({ right, controls: [{ control: 'scratch', right: control }] })), { labels, classes: ['glass', 'metal', 'paper'], missing: [] });
  const verdict = of(1);
  assert.equal(verdict.classes?.length, 3);
  assert.deepEqual([verdict.classes[0]?.label, verdict.classes[0]?.items], [2, 100]);
  assert.match(verdict.words, /The run is behind on "paper" by \d+\.\d points \(100 items, p < \.001 adjusted for the number of classes\): more seeds would tell whether that is the transfer\./);
  assert.match(of(3).words, /Transfer hurts "paper" by \d+\.\d points \(100 items, p \S* ?\.\d+ adjusted for the number of classes\)\./);
  for (const { words } of [verdict, of(3)]) assert.doesNotMatch(words, /(hurts|behind on) "(glass|metal)"/);
});

test('of 200 pairs of equally good classifiers on 72 items, at most 5 % are said to hurt, and no more to help', () => {
  const random = rng(8, 'null pairs'), counts: Record<string, number> = {};
  for (let pair = 0; pair < 200; pair++) {
    const easy = Array.from({ length: 72 }, () => random.next() * 0.6 + 0.4); // items differ in difficulty, the classifiers do not
    const draw = (): number[] => easy.map((p) => random.next() < p ? 1 : 0);
    const { claim } = judgeOne(draw(), [{ control: 'scratch', right: draw() }, { control: 'random-features', right: draw() }]);
    counts[claim] = (counts[claim] ?? 0) + 1;
  }
  assert.ok((counts['hurts'] ?? 0) <= 10 && (counts['helps'] ?? 0) <= 10, JSON.stringify(counts));
  assert.equal(Object.values(counts).reduce((a, b) => a + b), 200);
});

test('of 200 runs that are 25 points better on 72 items, most are said to help, and none to hurt', () => {
  const random = rng(9, 'true pairs'), counts: Record<string, number> = {};
  for (let pair = 0; pair < 200; pair++) {
    const draw = (p: number): number[] => Array.from({ length: 72 }, () => random.next() < p ? 1 : 0);
    const { claim } = judgeOne(draw(0.85), [{ control: 'scratch', right: draw(0.6) }]);
    counts[claim] = (counts[claim] ?? 0) + 1;
  }
  assert.ok(counts['helps']! > 120 && counts['hurts'] === undefined, JSON.stringify(counts));
});

interface Seeds { readonly items: number; readonly spread: number; readonly gain: number; readonly count?: number }

/** Seeds (three if not said) of runs and two controls: items differ in difficulty, methods on items, seeds by `spread` (at 0.1 a difference moves by 3 points). */
function drawn({ items, spread, gain, count = 3 }: Seeds, random: Rng): Verdict {
  const normals = (): number[] => Array.from({ length: items }, () => random.normal()), hard = normals(), tastes = [normals(), normals(), normals()];
  const draw = (method: number, shift: number): number[] => {
    const seed = random.normal() * spread + shift;
    return hard.map((difficulty, i) => Number(1 + difficulty + 0.5 * tastes[method]![i]! + seed + random.normal() > 0));
  };
  const seeds = Array.from({ length: count }, () => ({ right: draw(0, gain), controls: [{ control: 'scratch' as const, right: draw(1, 0) }, { control: 'random-features' as const, right: draw(2, 0) }] }));
  return judge(seeds, { labels: hard.map(() => 0), classes: ['glass'], missing: [] });
}

test('of 200 equally good runs that differ by their seeds, alone or in threes, at most 5 % are said to hurt, on few items and on many', () => {
  for (const setting of [{ items: 60, spread: 0, gain: 0 }, { items: 250, spread: 0.1, gain: 0 }, { items: 2000, spread: 0.1, gain: 0, count: 1 }]) {
    const random = rng(10, 'null seeds', setting.items), claims = Array.from({ length: 200 }, () => drawn(setting, random).claim);
    const hurts = claims.filter((claim) => claim === 'hurts').length;
    assert.ok(hurts <= 10, `${hurts} of 200 on ${setting.items} items`);
  }
});

test('of 100 triples whose runs are some 16 points better, most are said to help, and none to hurt', () => {
  const random = rng(11, 'true seeds'), claims = Array.from({ length: 100 }, () => drawn({ items: 120, spread: 0.05, gain: 1 }, random).claim);
  const of = (claim: string): number => claims.filter((each) => each === claim).length;
  assert.ok(of('helps') > 80 && of('hurts') === 0, `${of('helps')} help, ${of('hurts')} hurt`);
});
