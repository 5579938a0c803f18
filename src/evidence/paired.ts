import { Bug } from '../base/bug.ts';
import { crossedDifference, type Crossed } from './crossed.ts';
import { pairedDifference } from './intervals.ts';
import { mcnemarTwoSided } from './mcnemar.ts';
import { meanDifference } from './signFlip.ts';
import { smallestDetectable } from './mde.ts';

/** How right two networks were on the same items: 1 right, 0 wrong, item by item; where numbers are learnt, how near (regression.ts). */
export interface Pair {
  readonly first: ArrayLike<number>;
  readonly second: ArrayLike<number>;
}

/** What is compared: shares of right items, or means of numbers. */
export type Measure = 'shares' | 'numbers';

/** First − second, by the test that fits the number of seeds. Shares are within −1…1. */
export interface Paired extends Crossed {
  readonly items: number;
  /** Items that only one of them got right (on which it was nearer), and what each got right in all, over all pairs. */
  readonly onlyFirst: number;
  readonly onlySecond: number;
  readonly firstRight: number;
  readonly secondRight: number;
}

/** One pair: Tango's interval and exact McNemar, or of numbers sign flips. Several, one for each seed, on the same items: crossed.ts. */
export function comparePaired(pairs: readonly Pair[], measure: Measure = 'shares'): Paired {
  if (pairs.length > 1 && (pairs[0]?.first.length ?? 0) < 2) return comparePaired(pairs.slice(0, 1), measure); // nothing to cross
  const items = pairs[0]?.first.length ?? 0, counts = { onlyFirst: 0, onlySecond: 0, firstRight: 0, secondRight: 0 };
  for (const { first, second } of pairs) {
    if (first.length !== items || second.length !== items) throw new Bug(`${items} items, ${first.length} and ${second.length} outcomes`);
    for (let i = 0; i < items; i++) {
      counts.firstRight += first[i]!;
      counts.secondRight += second[i]!;
      counts.onlyFirst += first[i]! > second[i]! ? 1 : 0;
      counts.onlySecond += first[i]! < second[i]! ? 1 : 0;
    }
  }
  const compared = pairs.length > 1 ? crossedDifference(pairs.map(differenceOf)) : measure === 'numbers' ? ofNumbers(pairs[0]) : ofShares(items, counts);
  return { items, ...counts, ...measure === 'numbers' ? compared : withinShares(compared) };
}

function ofNumbers(pair: Pair | undefined): Crossed {
  const difference = meanDifference(pair ? differenceOf(pair) : []);
  return { ...difference, bySeed: [difference.value] };
}

function ofShares(items: number, { onlyFirst, onlySecond }: Pick<Paired, 'onlyFirst' | 'onlySecond'>): Crossed {
  const gap = pairedDifference(onlyFirst, onlySecond, items);
  return { ...gap, bySeed: [gap.value], p: mcnemarTwoSided(onlyFirst, onlySecond), detectable: smallestDetectable(items, onlyFirst + onlySecond) };
}

const withinShares = (crossed: Crossed): Crossed =>
  ({ ...crossed, low: Math.max(-1, crossed.low), high: Math.min(1, crossed.high), detectable: Math.min(1, crossed.detectable) });

const differenceOf = ({ first, second }: Pair): Float64Array => Float64Array.from({ length: first.length }, (_, i) => first[i]! - second[i]!);

/** Some of the items. */
export const pairOf = ({ first, second }: Pair, items: readonly number[]): Pair =>
  ({ first: items.map((i) => first[i]!), second: items.map((i) => second[i]!) });

/**
 * Holm's step-down adjustment of p values for testing all of them at once (Holm 1979, Scandinavian Journal of Statistics
 * 6): each adjusted value below α may be called so, and the chance that any of those is wrong stays below α.
 */
export function holm(ps: readonly number[]): number[] {
  const order = ps.map((p, i) => ({ p, i })).sort((a, b) => a.p - b.p), adjusted = new Array<number>(ps.length);
  let most = 0;
  order.forEach(({ p, i }, rank) => {
    most = Math.max(most, Math.min(1, p * (ps.length - rank)));
    adjusted[i] = most;
  });
  return adjusted;
}
