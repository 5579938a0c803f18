import type { Rng } from '../../base/rng.ts';

/**
 * 95 % interval of a mean by the bootstrap (Efron 1979): photos drawn with replacement, the percentiles of the means. For
 * a difference of two scores on the same photos the values are the photos' own differences (paired), so what is hard for
 * both counts for neither. Left out: the bias-corrected form, which changes nothing on means of a hundred photos or more.
 */
export interface Interval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

const resamples = 1000;

export function bootstrapMean(values: ArrayLike<number>, random: Rng): Interval {
  const items = values.length;
  if (items === 0) return { value: 0, low: 0, high: 0 };
  const mean = (valueAt: (i: number) => number): number => {
    let sum = 0;
    for (let i = 0; i < items; i++) sum += valueAt(i);
    return sum / items;
  };
  const means = Float64Array.from({ length: resamples }, () => mean(() => values[random.int(items)]!)).sort();
  const at = (share: number): number => means[Math.round(share * (resamples - 1))]!;
  return { value: mean((i) => values[i]!), low: at(0.025), high: at(0.975) };
}
