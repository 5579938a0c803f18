import type { Spread, SweepRow } from '../protocol/sweep.ts';
import { comparePaired, holm, type Paired } from './paired.ts';
import { isClear, measureOf, rules } from './verdict.ts';
import { rightOf, type Answer } from './rightness.ts';
import { spreadOf } from './regression.ts';

/** The runs of one variant: one, or one for each seed. */
export interface Variant {
  readonly name: string;
  readonly runs: readonly string[];
  /** Of each run, as far as it has come. */
  readonly scores: readonly { readonly validationLoss?: number; readonly validation?: number; readonly test?: number }[];
  /** What each run said of the test items, in one order for all variants; left out: not all are tested, or on other items. */
  readonly answers?: readonly (readonly Answer[])[];
}

/**
 * Variants beside the one that is best on validation. Differences are told from luck as verdicts tell them, on the test items, by
 * the same bounds; p is Holm's, since the more variants there are, the more of them differ from the best by luck.
 * Where numbers are learnt the best is that of the largest R²: variants of the loss have losses that do not compare.
 */
export function sweepRows(variants: readonly Variant[], isOfNumbers: boolean): SweepRow[] {
  const rows = variants.map(({ name, runs, scores }) => {
    const [validationLoss, validation, test] = (['validationLoss', 'validation', 'test'] as const).map((key) => spreadIn(scores.flatMap((score) => score[key] ?? [])));
    return { name, runs, tested: scores.filter(({ test: tested }) => tested !== undefined).length, ...(validationLoss && { validationLoss }), ...(validation && { validation }), ...(test && { test }) };
  });
  const merits = rows.map(({ validationLoss, validation }) => isOfNumbers ? validation?.mean ?? -Infinity : -(validationLoss?.mean ?? Infinity)), most = Math.max(...merits);
  const best = Number.isFinite(most) ? merits.indexOf(most) : -1, compared = variants.map((variant, i) => i === best ? undefined : comparedWith(variants[best], variant, isOfNumbers));
  const adjusted = holm(compared.flatMap((paired) => paired?.p ?? [])), places = compared.flatMap((paired, i) => paired ? [i] : []);
  return rows.map((row, i): SweepRow => {
    const paired = compared[i];
    if (!paired) return { ...row, isBest: i === best };
    const gap = { gapPt: paired.value * 100, lowPt: paired.low * 100, highPt: paired.high * 100, p: adjusted[places.indexOf(i)]!, items: paired.items };
    return { ...row, isBest: false, gap: { ...gap, isShown: gap.items >= rules.items && isClear({ ...gap, seeds: paired.bySeed.length }) } };
  });
}

/** Seed by seed, as far as both have seeds. */
function comparedWith(best: Variant | undefined, { answers }: Variant, isOfNumbers: boolean): Paired | undefined {
  if (!best?.answers || !answers) return undefined;
  const spread = isOfNumbers ? spreadOf(answers[0]!.map(({ truth }) => truth[0]!)) : undefined, seeds = Math.min(best.answers.length, answers.length);
  return comparePaired(answers.slice(0, seeds).map((own, i) => ({ first: rightOf(own, spread), second: rightOf(best.answers![i]!, spread) })), measureOf(spread === undefined ? {} : { spread }));
}

function spreadIn(values: readonly number[]): Spread | undefined {
  if (values.length === 0) return undefined;
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  if (values.length === 1) return { mean };
  return { mean, deviation: Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1)) };
}
