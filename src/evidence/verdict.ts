import { Bug } from '../base/bug.ts';
import { about, percent, stepsText } from '../base/units.ts';
import type { Claim, Comparison, ControlKind, Verdict } from '../protocol/verdict.ts';
import { pairedDifference, shareOf } from './intervals.ts';
import { mcnemarTwoSided } from './mcnemar.ts';
import { smallestDetectable } from './mde.ts';

/**
 * Did the transfer help? Transfer hurts when the risk of the fine-tuned network is larger than that of the same network
 * trained on the same data for the same steps from random weights (Wang et al. 2019, "Characterizing and Avoiding Negative
 * Transfer", CVPR). Both are judged on the same held-out items, at checkpoints chosen on validation, never on test.
 * Rules and their reasons in plain words: docs/evidence.md. Left out until runs are repeated: noise between seeds, so
 * with one seed a claim is only "likely".
 */

/** A claim needs at least this gap (points), below this p, on this many items. */
export const rules = { gapPt: 2, p: 0.01, items: 50, mdePt: 10, seedsToConfirm: 3 } as const;

/** Items of the test split, and what the run called them: class indices, item by item. */
export interface RunOutcome {
  readonly labels: ArrayLike<number>;
  readonly predicted: ArrayLike<number>;
}

export interface ControlOutcome {
  readonly control: ControlKind;
  /** Class indices in the order of the run's items. */
  readonly predicted: ArrayLike<number>;
  /** When the control ended before the run: its last step, and what the run called the items at its best-validation checkpoint up to there. */
  readonly matched?: { readonly step: number; readonly predicted: ArrayLike<number> };
}

export interface JudgeOptions {
  /** Pairs of runs behind the predictions. */
  readonly seeds: number;
  readonly missing: Verdict['missing'];
  /** What the from-scratch control was given. */
  readonly scratchBudgetMs?: number;
}

/** The verdict of a run against its controls. */
export function judge(run: RunOutcome, controls: readonly ControlOutcome[], { seeds, missing, scratchBudgetMs }: JudgeOptions): Verdict {
  const comparisons = controls.map((control) => compare(run, control, seeds));
  const decisive = comparisons.filter(({ control }) => isDecisive(control));
  const claim = claimOf(decisive);
  const against = decidedBy(decisive, claim);
  return {
    claim,
    ...(against && { against: against.control }),
    comparisons,
    missing,
    headline: headlineOf(claim, seeds),
    words: wordsOf(claim, against, comparisons, missing, scratchBudgetMs),
  };
}

/** Controls that differ from the run in its weights alone carry the claim; blind guess and kNN are shown beside it. */
const isDecisive = (control: ControlKind): boolean => control === 'scratch' || control === 'random-features';

function compare(run: RunOutcome, { control, predicted, matched }: ControlOutcome, seeds: number): Comparison {
  const { labels } = run, items = labels.length, judged = matched?.predicted ?? run.predicted;
  if (judged.length !== items || predicted.length !== items) throw new Bug(`${control}: ${items} items, ${judged.length} and ${predicted.length} predictions`);
  let runRight = 0, controlRight = 0, both = 0;
  for (let i = 0; i < items; i++) {
    const a = judged[i] === labels[i], b = predicted[i] === labels[i];
    runRight += Number(a);
    controlRight += Number(b);
    both += Number(a && b);
  }
  const onlyRun = runRight - both, onlyControl = controlRight - both;
  const gap = pairedDifference(onlyRun, onlyControl, items), p = mcnemarTwoSided(onlyRun, onlyControl);
  const measured = { gapPt: gap.value * 100, p, items, mdePt: Math.max(rules.gapPt, smallestDetectable(items, onlyRun + onlyControl) * 100) };
  return {
    control,
    claim: claimFrom(measured),
    lowPt: gap.low * 100,
    highPt: gap.high * 100,
    onlyRun,
    onlyControl,
    seeds,
    ...measured,
    run: shareOf(runRight, items),
    controlShare: shareOf(controlRight, items),
    at: matched ? { kind: 'matched', step: matched.step } : { kind: 'end' },
  };
}

/** A clear difference is said even where only large ones could be seen; a blurred one there says nothing at all. */
function claimFrom({ gapPt, p, items, mdePt }: Pick<Comparison, 'gapPt' | 'p' | 'items' | 'mdePt'>): Claim {
  if (items < rules.items) return 'not-assessed';
  if (Math.abs(gapPt) >= rules.gapPt && p < rules.p) return gapPt > 0 ? 'helps' : 'hurts';
  return mdePt > rules.mdePt ? 'not-assessed' : 'not-shown';
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

function headlineOf(claim: Claim, seeds: number): string {
  const sure = seeds >= rules.seedsToConfirm ? `${seeds} seeds: confirmed` : `${seeds} ${seeds === 1 ? 'seed' : 'seeds'}: likely`;
  switch (claim) {
    case 'helps': return `Transfer helps (${sure})`;
    case 'hurts': return `Transfer hurts (${sure})`;
    case 'not-shown': return 'Not shown that transfer helps or hurts';
    case 'not-assessed': return 'Not assessed whether transfer helps';
  }
}

const titles: Readonly<Record<ControlKind, string>> = {
  blind: 'the blind guess',
  knn: 'kNN on the pretrained features',
  'random-features': 'the same plan on random weights',
  scratch: 'the same network trained from scratch',
};

function wordsOf(claim: Claim, against: Comparison | undefined, comparisons: readonly Comparison[], missing: Verdict['missing'], scratchBudgetMs?: number): string {
  const sentences: string[] = [];
  if (against) sentences.push(...comparisonWords(against, scratchBudgetMs), whyWords(claim, against));
  else sentences.push('No control was run that differs from the run in its weights alone, so nothing can be said about the transfer.');
  const others = comparisons.filter((comparison) => comparison !== against);
  if (others.length > 0) sentences.push(`Beside it: ${others.map(({ control, controlShare, gapPt }) => `${titles[control]} ${percent(controlShare.value)} (run ${signed(gapPt)})`).join('; ')}.`);
  if (missing.length > 0) sentences.push(`Not run: ${missing.map(({ control, why }) => `${titles[control]} (${why})`).join('; ')}.`);
  return sentences.join(' ');
}

function comparisonWords({ control, run, controlShare, gapPt, lowPt, highPt, p, items, seeds, at }: Comparison, scratchBudgetMs?: number): string[] {
  const when = at.kind === 'end' ? '' : ` Both are judged within the first ${stepsText(at.step)}, where the control's time ended${scratchBudgetMs === undefined ? '' : ` (${about(scratchBudgetMs)})`}.`;
  return [
    `On the same ${items} test items the run got ${run.correct} right (${percent(run.value)}), ${titles[control]} ${controlShare.correct} (${percent(controlShare.value)}).${when}`,
    `Difference ${signed(gapPt)} points (95 % interval ${signed(lowPt)} to ${signed(highPt)}), exact McNemar p ${pText(p)}, ${seeds} ${seeds === 1 ? 'seed' : 'seeds'}.`,
  ];
}

/** What these items could have shown, and why there is no claim when there is none. */
function whyWords(claim: Claim, { items, gapPt, mdePt, p }: Comparison): string {
  const could = `The smallest difference that these items would probably have shown is ${mdePt >= 100 ? 'larger than any' : `${mdePt.toFixed(mdePt < 10 ? 1 : 0)} points`}`;
  if (claim === 'helps' || claim === 'hurts') return `${could}.`;
  if (claim === 'not-assessed') {
    return items < rules.items ? `${items} items are too few to judge by (at least ${rules.items}).` : `${could}: too coarse to read anything into no difference. More test items would help.`;
  }
  return `${could}; ${p < rules.p ? `${signed(gapPt)} is under the ${rules.gapPt} points that count as a difference` : 'a smaller one may exist'}.`;
}

/** "+3.4", "−12.0", "0.0", with a real minus sign. */
function signed(points: number): string {
  const digits = Math.abs(points).toFixed(1);
  return digits === '0.0' ? digits : `${points > 0 ? '+' : '−'}${digits}`;
}

const pText = (p: number): string => p < 0.001 ? '< .001' : `= ${p.toFixed(3).replace(/^0/, '')}`;
