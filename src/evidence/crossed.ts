import { Bug } from '../base/bug.ts';
import { tQuantile, tTwoSided } from './studentT.ts';

/**
 * The mean paired difference of several seeds on the same items, with both as random effects: another draw of items and
 * another draw of seeds would each have given other numbers. It is the test by which radiology compares two methods with
 * several readers on the same cases (Dorfman, Berbaum & Metz 1992; degrees of freedom of Hillis 2007, Statistics in
 * Medicine 26): there a reader, here a seed. On the differences D[seed][item]:
 *
 *   SE² = (MS_seeds + max(MS_items − MS_residual, 0)) / (seeds · items),  ν = (numerator)² / (MS_seeds² / (seeds − 1))
 *
 * When seeds agree, ν is large and this is a test over items; when they do not, it is a t test of as many numbers as there
 * are seeds. Ours: MS_seeds counts at least as MS_residual, which it exceeds on average: three seeds that agree better than
 * chance would have it show luck, not certainty. Error rates by simulation: docs/evidence.md.
 * Tried and left: McNemar on the majority of the seeds, and on all pairs stacked. Both take the seeds for fixed: the more
 * items there are, the more of what they call a difference is the luck of these seeds.
 */
export interface Crossed {
  /** With its 95 % interval. */
  readonly value: number;
  readonly low: number;
  readonly high: number;
  /** Two-sided. */
  readonly p: number;
  /** The true difference that would have been shown with 80 % probability: at p < .05, of one seed at p < .01. */
  readonly detectable: number;
  readonly bySeed: readonly number[];
}

/** Standard normal quantile of .8. */
const zPower = 0.8416212335729143;

/** differences: of each seed, of each item: −1, 0 or 1, or of errors. At least two seeds and two items. */
export function crossedDifference(differences: readonly ArrayLike<number>[]): Crossed {
  const seeds = differences.length, items = differences[0]?.length ?? 0;
  if (seeds < 2 || items < 2) throw new Bug(`${seeds} seeds and ${items} items are no crossed design`);
  const byItem = new Float64Array(items), bySeed = differences.map((row) => {
    let sum = 0;
    for (let i = 0; i < items; i++) {
      sum += row[i]!;
      byItem[i]! += row[i]! / seeds;
    }
    return sum / items;
  });
  const value = bySeed.reduce((a, b) => a + b, 0) / seeds;
  const ofSeeds = items * squares(bySeed, value) / (seeds - 1), ofItems = seeds * squares(byItem, value) / (items - 1);
  let residual = 0;
  differences.forEach((row, s) => {
    for (let i = 0; i < items; i++) residual += (row[i]! - bySeed[s]! - byItem[i]! + value) ** 2;
  });
  const ofBoth = residual / ((seeds - 1) * (items - 1));
  const seedPart = Math.max(ofSeeds, ofBoth), spread = seedPart + Math.max(ofItems - ofBoth, 0);
  if (spread === 0) return { value, low: value, high: value, p: value === 0 ? 1 : 0, detectable: 0, bySeed };
  const error = Math.sqrt(spread / (seeds * items)), freedom = seedPart === 0 ? Infinity : spread ** 2 / (seedPart ** 2 / (seeds - 1));
  const half = tQuantile(0.05, freedom) * error;
  return {
    value, low: value - half, high: value + half, bySeed,
    p: tTwoSided(value / error, freedom),
    detectable: (tQuantile(0.05, freedom) + zPower) * error,
  };
}

function squares(values: ArrayLike<number>, centre: number): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (values[i]! - centre) ** 2;
  return sum;
}
