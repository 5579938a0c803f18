import { Bug } from '../base/bug.ts';
import { crossedDifference, type Crossed } from './crossed.ts';
import { pairedDifference } from './intervals.ts';
import { mcnemarTwoSided } from './mcnemar.ts';
import { smallestDetectable } from './mde.ts';

/** What two classifiers did on the same items: 1 right, 0 wrong, item by item. */
export interface Pair {
  readonly first: ArrayLike<number>;
  readonly second: ArrayLike<number>;
}

/** First − second, by the test that fits the number of seeds. Shares −1…1. */
export interface Paired extends Crossed {
  readonly items: number;
  /** Items that only one of them got right, and what each got right in all, over all pairs. */
  readonly onlyFirst: number;
  readonly onlySecond: number;
  readonly firstRight: number;
  readonly secondRight: number;
}

/** One pair: Tango's interval, exact McNemar. Several, one for each seed, on the same items: crossed.ts. */
export function comparePaired(pairs: readonly Pair[]): Paired {
  if (pairs.length > 1 && (pairs[0]?.first.length ?? 0) < 2) return comparePaired(pairs.slice(0, 1)); // nothing to cross
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
  if (pairs.length > 1) return { items, ...counts, ...crossedDifference(pairs.map(differenceOf)) };
  const gap = pairedDifference(counts.onlyFirst, counts.onlySecond, items);
  return {
    items, ...counts, ...gap, bySeed: [gap.value],
    p: mcnemarTwoSided(counts.onlyFirst, counts.onlySecond),
    detectable: smallestDetectable(items, counts.onlyFirst + counts.onlySecond),
  };
}

const differenceOf = ({ first, second }: Pair): Int8Array => Int8Array.from({ length: first.length }, (_, i) => first[i]! - second[i]!);

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
