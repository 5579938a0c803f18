import { rng } from '../base/rng.ts';
import type { Difference } from './intervals.ts';
import { tQuantile } from './studentT.ts';

/**
 * The mean of paired differences of numbers, such as two networks' errors on the same items, by the sign-flip test (Fisher
 * 1935, "The Design of Experiments", § 21; by random draws: Dwass 1957): were the two equally good, each difference could as
 * well have had the other sign. p is the share of draws whose sum is at least as far from 0 as the one that was seen.
 * The interval is all means that the same draws would not reject at .05, so test and interval never disagree. It needs no
 * search: a draw divides the items in two, and speaks for a mean when that lies between the means of its two parts (after
 * Hartigan 1969, "Using subsample values as typical values"). Assumed is a symmetric noise, not a normal one. Left out: the
 * percentile bootstrap, which held the truth less often on few items with heavy tails (docs/evidence.md).
 */
export interface MeanDifference extends Difference {
  /** Two-sided. */
  readonly p: number;
  /** The true mean that would have been shown with 80 % probability at p < .01. */
  readonly detectable: number;
}

/** With them p has an error of .001 where it is .01. */
const draws = 9999;

/** Standard normal quantile of .8. */
const zPower = 0.8416212335729143;

/** Always the same draws, so the same numbers. No mean is ruled out by fewer than six items, and none by no item. */
export function meanDifference(differences: ArrayLike<number>): MeanDifference {
  const items = differences.length, random = rng(0, 'sign flips');
  let sum = 0;
  for (let i = 0; i < items; i++) sum += differences[i]!;
  const value = items === 0 ? 0 : sum / items, lows = new Float64Array(draws), highs = new Float64Array(draws);
  for (let draw = 0; draw < draws; draw++) {
    let part = 0, count = 0;
    for (let i = 0, bits = 0; i < items; i++, bits >>>= 1) {
      if (i % 32 === 0) bits = random.int(2 ** 32);
      const flipped = bits & 1; // multiplied, since a branch that nobody can foresee takes five times as long
      part += flipped * differences[i]!;
      count += flipped;
    }
    const isWhole = count === 0 || count === items, one = part / count, other = (sum - part) / (items - count); // an empty part speaks for any mean
    lows[draw] = isWhole ? -Infinity : Math.min(one, other);
    highs[draw] = isWhole ? Infinity : Math.max(one, other);
  }
  const rounding = 1e-12 * Math.abs(value); // both parts' means can be the mean itself
  let speaking = 1;
  for (let draw = 0; draw < draws; draw++) speaking += Number(lows[draw]! <= rounding && highs[draw]! >= -rounding);
  const edge = Math.ceil(0.05 * (draws + 1)) - 2;
  return { value, low: lows.sort()[edge]!, high: highs.sort().at(-1 - edge)!, p: speaking / (draws + 1), detectable: detectableMean(differences, value) };
}

function detectableMean(differences: ArrayLike<number>, mean: number): number {
  const items = differences.length;
  if (items < 2) return Infinity;
  let squares = 0;
  for (let i = 0; i < items; i++) squares += (differences[i]! - mean) ** 2;
  return (tQuantile(0.01, items - 1) + zPower) * Math.sqrt(squares / (items - 1) / items);
}
