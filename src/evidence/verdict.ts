import { about, percent, pText, signed, stepsText } from '../base/units.ts';
import type { Claim, ClassGap, Comparison, ControlKind, Share, Verdict } from '../protocol/verdict.ts';
import { controlKinds } from '../protocol/verdict.ts';
import { classGaps } from './classGaps.ts';
import { comparePaired, type Measure, type Pair } from './paired.ts';
import { shareOf } from './intervals.ts';
import { tQuantile } from './studentT.ts';

/**
 * Did the transfer help? Transfer hurts when the risk of the fine-tuned network is larger than that of the same network
 * trained on the same data for the same steps from random weights (Wang et al. 2019, "Characterizing and Avoiding Negative
 * Transfer", CVPR). Both are judged on the same held-out items, at checkpoints chosen on validation, never on test.
 * Rules and their reasons in plain words: docs/evidence.md. One pair of runs sees the noise of items only, so it takes a
 * small p and says "likely"; several seeds see both noises (crossed.ts), and three may confirm.
 */

/**
 * A claim needs at least this gap (points), below this p, on this many items. `oneSeedGapPt`: McNemar sees items, not seeds, and
 * luck of the seed alone moves a difference by some 3 points (standard deviation); on thousands of items every such move would
 * be clear. Twice that is asked of one seed, which leaves 2.3 % on either side. `oneSeedHurtPt`: networks
 * from random weights on few photos differ by more than that assumes (docs/studies/negative-transfer.md: 8 % of 200 pairs by 6
 * points or more, 1.5 % by 15), and nobody shall be told by luck that transfer hurts.
 */
export const rules = { gapPt: 2, oneSeedGapPt: 6, oneSeedHurtPt: 15, p: 0.01, pooledP: 0.05, items: 50, mdePt: 10, seedsToConfirm: 3 } as const;

/** How right a network was on the test items: 1 right, 0 wrong, item by item; where numbers are learnt, how near (regression.ts `nearness`). */
export type Outcomes = ArrayLike<number>;

/** A run and its controls, of one seed. All outcomes are in one order of the items, the same for every seed. */
export interface SeedOutcome {
  readonly right: Outcomes;
  readonly controls: readonly ControlOutcome[];
}

export interface ControlOutcome {
  readonly control: ControlKind;
  readonly right: Outcomes;
  /** When the control ended before the run: its last step, and what the run did at its best-validation checkpoint up to there. */
  readonly matched?: { readonly step: number; readonly right: Outcomes };
}

export interface JudgeOptions {
  /** Class index of each item, and what classes are called. */
  readonly labels: ArrayLike<number>;
  readonly classes: readonly string[];
  readonly missing: Verdict['missing'];
  /** What the from-scratch control was given. */
  readonly scratchBudgetMs?: number;
  /** Where numbers are learnt: what 100 points are, in their unit (regression.ts `spreadOf`). */
  readonly spread?: number;
}

/** The verdict of a run against its controls: of one seed, or of several that repeat it. */
export function judge(seeds: readonly SeedOutcome[], options: JudgeOptions): Verdict {
  const compared = controlKinds.flatMap((control) => {
    const pairs = pairsOf(seeds, control);
    return pairs.length > 0 ? [{ pairs, comparison: compare(control, pairs, matchedStep(seeds, control), measureOf(options)) }] : [];
  });
  const comparisons = compared.map(({ comparison }) => comparison);
  const decisive = comparisons.filter(({ control }) => isDecisive(control));
  const claim = claimOf(decisive), against = decidedBy(decisive, claim);
  const classes = against && options.spread === undefined ? classGaps(compared.find(({ comparison }) => comparison === against)!.pairs, options.labels) : [];
  return {
    claim,
    ...(against && { against: against.control }),
    comparisons,
    ...(classes.length > 0 && { classes }),
    missing: options.missing,
    ...(options.spread !== undefined && { spread: options.spread }),
    headline: headlineOf(claim, against, seedsBehind(decisive, claim, against)),
    words: wordsOf(claim, against, comparisons, classes, options),
  };
}

export const measureOf = ({ spread }: Pick<JudgeOptions, 'spread'>): Measure => spread === undefined ? 'shares' : 'numbers';

/** Controls that differ from the run in its weights alone carry the claim; the others are shown beside it. */
export const isDecisive = (control: ControlKind): boolean => control === 'scratch' || control === 'random-features';

/** Of the seeds that have this control. */
export const pairsOf = (seeds: readonly SeedOutcome[], kind: ControlKind): Pair[] =>
  seeds.flatMap(({ right, controls }) => controls.filter(({ control }) => control === kind).map((control) => ({ first: control.matched?.right ?? right, second: control.right })));

/** The fewest steps that any seed's control got, where one ended early. */
function matchedStep(seeds: readonly SeedOutcome[], kind: ControlKind): number | undefined {
  const steps = seeds.flatMap(({ controls }) => controls.flatMap(({ control, matched }) => control === kind && matched ? [matched.step] : []));
  return steps.length > 0 ? Math.min(...steps) : undefined;
}

function compare(control: ControlKind, pairs: readonly Pair[], step: number | undefined, measure: Measure): Comparison {
  const paired = comparePaired(pairs, measure), { items, bySeed } = paired, seeds = bySeed.length;
  const measured = { gapPt: paired.value * 100, p: paired.p, items, seeds, mdePt: Math.max(leastGapPt(seeds), paired.detectable * 100) };
  return {
    control,
    claim: claimFrom(measured),
    ...measured,
    lowPt: paired.low * 100,
    highPt: paired.high * 100,
    onlyRun: paired.onlyFirst,
    onlyControl: paired.onlySecond,
    ...(seeds > 1 && { bySeedPt: bySeed.map((gap) => gap * 100) }),
    run: measure === 'numbers' ? nearnessOf(pairs.map(({ first }) => first)) : shareOf(paired.firstRight / seeds, items),
    controlShare: measure === 'numbers' ? nearnessOf(pairs.map(({ second }) => second)) : shareOf(paired.secondRight / seeds, items),
    at: step === undefined ? { kind: 'end' } : { kind: 'matched', step },
  };
}

/** Mean nearness over items, each the mean of its seeds, with Student's interval. */
function nearnessOf(seeds: readonly Outcomes[]): Share {
  const { length: items } = seeds[0]!, each = Float64Array.from({ length: items }, (_, i) => seeds.reduce((sum, right) => sum + right[i]! / seeds.length, 0));
  const value = each.reduce((a, b) => a + b, 0) / items, squares = each.reduce((sum, near) => sum + (near - value) ** 2, 0);
  const half = items < 2 ? Infinity : tQuantile(0.05, items - 1) * Math.sqrt(squares / (items - 1) / items);
  return { value, low: value - half, high: value + half, correct: 0, items };
}

/** The smallest gap that counts as a difference. */
const leastGapPt = (seeds: number): number => seeds > 1 ? rules.gapPt : rules.oneSeedGapPt;

/** Whether a difference is clear: the same rule wherever one is claimed. */
export const isClear = ({ gapPt, p, seeds }: Pick<Comparison, 'gapPt' | 'p' | 'seeds'>): boolean =>
  Math.abs(gapPt) >= leastGapPt(seeds) && p < (seeds > 1 ? rules.pooledP : rules.p);

/** A clear difference is said even where only large ones could be seen; a blurred one there says nothing at all. */
function claimFrom(measured: Pick<Comparison, 'gapPt' | 'p' | 'items' | 'mdePt' | 'seeds'>): Claim {
  if (measured.items < rules.items) return 'not-assessed';
  if (isClear(measured)) return measured.gapPt > 0 ? 'helps' : measured.seeds > 1 || measured.gapPt <= -rules.oneSeedHurtPt ? 'hurts' : 'not-shown';
  return measured.mdePt > rules.mdePt ? 'not-assessed' : 'not-shown';
}

/** Hurts if against any; helps if against all. */
function claimOf(decisive: readonly Comparison[]): Claim {
  const some = (claim: Claim): boolean => decisive.some((comparison) => comparison.claim === claim);
  if (some('hurts')) return 'hurts';
  if (decisive.length === 0 || some('not-assessed')) return 'not-assessed';
  return some('not-shown') ? 'not-shown' : 'helps';
}

/** The comparison that the claim rests on: of those that say so, the one least in favour of the run; scratch before random features when equal. */
function decidedBy(decisive: readonly Comparison[], claim: Claim): Comparison | undefined {
  const saying = decisive.filter((comparison) => comparison.claim === claim);
  return saying.sort((a, b) => a.gapPt - b.gapPt || Number(b.control === 'scratch') - Number(a.control === 'scratch'))[0];
}

/** Helping is said of all deciding controls, so it is as sure as the one with the fewest seeds. */
const seedsBehind = (decisive: readonly Comparison[], claim: Claim, against: Comparison | undefined): number =>
  claim === 'helps' ? Math.min(...decisive.map(({ seeds }) => seeds)) : against?.seeds ?? 1;

function headlineOf(claim: Claim, against: Comparison | undefined, seeds: number): string {
  const sure = `${seedsText(seeds)}: ${seeds >= rules.seedsToConfirm ? 'confirmed' : 'likely'}`;
  const budget = against?.at.kind === 'matched' ? ' at this budget' : '';
  switch (claim) {
    case 'helps': return `Transfer helps${budget} (${sure})`;
    case 'hurts': return `Transfer hurts${budget} (${sure})`;
    case 'not-shown': return 'Not shown that transfer helps or hurts';
    case 'not-assessed': return 'Not assessed whether transfer helps';
  }
}

const titles: Readonly<Record<ControlKind, string>> = {
  blind: 'the blind guess',
  knn: 'kNN on the pretrained features',
  'linear-probe': 'a new head on the frozen pretrained features',
  'random-features': 'the same plan on random weights',
  scratch: 'the same network trained from scratch',
};

function wordsOf(claim: Claim, against: Comparison | undefined, comparisons: readonly Comparison[], classes: readonly ClassGap[], options: JudgeOptions): string {
  const sentences: string[] = [];
  if (against) sentences.push(...comparisonWords(against, options), whyWords(claim, against, measureOf(options)), ...classWords(classes, options.classes, against.seeds));
  else sentences.push('No control was run that differs from the run in its weights alone, so nothing can be said about the transfer.');
  const others = comparisons.filter((comparison) => comparison !== against);
  if (others.length > 0) sentences.push(`Beside it: ${others.map(({ control, controlShare, gapPt }) => `${titles[control]} ${scored(controlShare, options.spread)} (run ${signed(gapPt)})`).join('; ')}.`);
  if (options.missing.length > 0) sentences.push(`Not run: ${options.missing.map(({ control, why }) => `${titles[control]} (${why})`).join('; ')}.`);
  return sentences.join(' ');
}

function comparisonWords({ control, run, controlShare, gapPt, lowPt, highPt, p, items, seeds, bySeedPt, at }: Comparison, { scratchBudgetMs, spread }: JudgeOptions): string[] {
  const when = at.kind === 'end' ? '' : ` Both are judged within the first ${stepsText(at.step)}, where the control's time ended${scratchBudgetMs === undefined ? '' : ` (${about(scratchBudgetMs)})`}: this is matched to ${stepsText(at.step)}, and says nothing about longer training.`;
  const interval = `Difference ${signed(gapPt)} points (95 % interval ${signed(lowPt)} to ${signed(highPt)})`;
  if (spread !== undefined) {
    return [
      `${bySeedPt ? `Over ${seedsText(seeds)} on` : 'On'} the same ${items} test items the run was ${scored(run, spread)} on average, ${titles[control]} ${scored(controlShare, spread)}; always saying their median would be ${numberText(spread)} off, which is 100 points.${when}`,
      `${interval}, ${bySeedPt ? `p ${pText(p)} with both seeds and items as chance; by seed ${bySeedPt.map(signed).join(', ')}` : `sign-flip p ${pText(p)}, ${seedsText(seeds)}`}.`,
    ];
  }
  if (!bySeedPt) {
    return [
      `On the same ${items} test items the run got ${run.correct} right (${percent(run.value)}), ${titles[control]} ${controlShare.correct} (${percent(controlShare.value)}).${when}`,
      `${interval}, exact McNemar p ${pText(p)}, ${seedsText(seeds)}.`,
    ];
  }
  return [
    `Over ${seedsText(seeds)} on the same ${items} test items the run got ${percent(run.value)} right, ${titles[control]} ${percent(controlShare.value)}.${when}`,
    `${interval}, p ${pText(p)} with both seeds and items as chance; by seed ${bySeedPt.map(signed).join(', ')}.`,
  ];
}

/** "73.6 %"; where numbers are learnt how far off on average, "8.3 off". */
export const scored = ({ value }: Pick<Share, 'value'>, spread: number | undefined): string => spread === undefined ? percent(value) : `${numberText((1 - value) * spread)} off`;

const numberText = (value: number): string => String(Number(value.toPrecision(3)));

/** What these items could have shown, and why there is no claim when there is none. */
function whyWords(claim: Claim, comparison: Comparison, measure: Measure): string {
  const { items, gapPt, mdePt } = comparison;
  const could = `The smallest difference that these items would probably have shown is ${measure === 'shares' && mdePt >= 100 ? 'larger than any' : `${mdePt.toFixed(mdePt < 10 ? 1 : 0)} points`}`;
  if (claim === 'helps' || claim === 'hurts') return `${could}.`;
  if (claim === 'not-assessed') {
    return items < rules.items ? `${items} items are too few to judge by (at least ${rules.items}).` : `${could}: too coarse to read anything into no difference. More test items would help.`;
  }
  if (isClear(comparison)) return `${could}; ${signed(gapPt)} is clear on these items, but one seed can be behind by as much through its luck alone, up to ${rules.oneSeedHurtPt} points: three seeds could tell.`;
  const least = leastGapPt(comparison.seeds), isSmall = Math.abs(gapPt) < least && isClear({ ...comparison, gapPt: least });
  return `${could}; ${isSmall ? `${signed(gapPt)} is under the ${least} points that count as a difference${comparison.seeds > 1 ? '' : ' of one seed, whose luck can move it by as much: three seeds could tell'}` : 'a smaller one may exist'}.`;
}

/**
 * Classes that the transfer hurt, though there are many to look at. Of few seeds that is not said: two networks that know nothing,
 * each of which names another class most of the time, differ by any number of points on either, clearly.
 */
function classWords(gaps: readonly ClassGap[], names: readonly string[], seeds: number): string[] {
  const hurt = gaps.filter(isHurt), sure = seeds >= rules.seedsToConfirm;
  if (hurt.length === 0) return [];
  return [`${sure ? 'Transfer hurts' : 'The run is behind on'} ${hurt.slice(0, 3).map(({ label, gapPt, items, p }) => `"${names[label] ?? label}" by ${(-gapPt).toFixed(1)} points (${items} items, p ${pText(p)} adjusted for the number of classes)`).join(', ')}${hurt.length > 3 ? ` and ${hurt.length - 3} more classes` : ''}${sure ? '' : ': more seeds would tell whether that is the transfer'}.`];
}

const isHurt = ({ gapPt, p }: ClassGap): boolean => gapPt <= -rules.gapPt && p < 0.05;

const seedsText = (seeds: number): string => `${seeds} ${seeds === 1 ? 'seed' : 'seeds'}`;

