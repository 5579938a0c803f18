import { rng } from '../../base/rng.ts';
import { bootstrapMean } from './bootstrap.ts';

/** A backbone's place. Those of one `place` cannot be told apart by these photos. */
export interface Standing<T> {
  readonly item: T;
  /** 1, 1, 3, …: as in sports. */
  readonly place: number;
  /** How many share it. */
  readonly sharedBy: number;
}

/**
 * The best first, ties as ties: whoever is not clearly behind the first of a group, by the paired bootstrap of the photos
 * that one got right and the other did not, belongs to it. rightOf: per photo 1 or 0, of the same photos for all.
 */
export function standings<T>(items: readonly T[], rightOf: (item: T) => ArrayLike<number>): Standing<T>[] {
  const shareOf = (right: ArrayLike<number>): number => Array.from(right).reduce((sum, value) => sum + value, 0) / Math.max(1, right.length);
  const sorted = items.map((item) => ({ item, right: rightOf(item), share: shareOf(rightOf(item)) })).sort((a, b) => b.share - a.share);
  const groups: typeof sorted[] = [];
  for (const each of sorted) {
    const group = groups.at(-1), first = group?.[0];
    if (group && first && isLevel(first.right, each.right)) group.push(each);
    else groups.push([each]);
  }
  let place = 1;
  return groups.flatMap((group) => {
    const from = place;
    place += group.length;
    return group.map(({ item }): Standing<T> => ({ item, place: from, sharedBy: group.length }));
  });
}

const isLevel = (first: ArrayLike<number>, other: ArrayLike<number>): boolean =>
  bootstrapMean(Float64Array.from(first, (right, i) => right - other[i]!), rng(0, 'standings')).low <= 0;
