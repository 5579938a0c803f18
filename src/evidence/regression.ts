import { rng } from '../base/rng.ts';
import type { Share } from '../protocol/verdict.ts';

/** How good predicted numbers are, in the unit of the target. */
export interface NumberMetrics {
  readonly meanAbsoluteError: number;
  readonly rootMeanSquaredError: number;
}

export function numberMetrics(targets: ArrayLike<number>, predicted: ArrayLike<number>): NumberMetrics {
  let absolute = 0, squared = 0;
  for (let i = 0; i < targets.length; i++) {
    const error = predicted[i]! - targets[i]!;
    absolute += Math.abs(error);
    squared += error * error;
  }
  return { meanAbsoluteError: absolute / targets.length, rootMeanSquaredError: Math.sqrt(squared / targets.length) };
}

/**
 * R², the share of the targets' variance that is explained, as scikit-learn's: 1 − Σ error² / Σ (target − mean)². 0 is as good as
 * always saying these items' own mean; below is worse. Where all targets are equal: 1 when all are hit, else 0.
 */
export function rSquared(targets: ArrayLike<number>, predicted: ArrayLike<number>): number {
  const mean = Array.from(targets).reduce((a, b) => a + b, 0) / targets.length;
  let unexplained = 0, total = 0;
  for (let i = 0; i < targets.length; i++) {
    unexplained += (targets[i]! - predicted[i]!) ** 2;
    total += (targets[i]! - mean) ** 2;
  }
  return total === 0 ? Number(unexplained === 0) : 1 - unexplained / total;
}

const resamples = 1000;

/** R² with its 95 % percentile bootstrap interval over items (Efron 1979): always the same draws, so the same numbers. Nothing is right or wrong in it: `correct` is 0. */
export function rSquaredShare(targets: ArrayLike<number>, predicted: ArrayLike<number>): Share {
  const items = targets.length, random = rng(0, 'r squared'), value = rSquared(targets, predicted);
  if (items < 2) return { value, low: Math.min(0, value), high: 1, correct: 0, items };
  const drawn = Array.from({ length: resamples }, () => {
    const rows = Array.from({ length: items }, () => random.int(items));
    return rSquared(rows.map((row) => targets[row]!), rows.map((row) => predicted[row]!));
  }).sort((a, b) => a - b);
  return { value, low: drawn[Math.floor(0.025 * resamples)]!, high: drawn[Math.ceil(0.975 * resamples) - 1]!, correct: 0, items };
}

/**
 * How far off the best blind guess is on average: the mean distance of the targets from their median, which no other constant
 * beats. What a point of difference is a hundredth of where numbers are learnt (docs/decisions/verdict-of-numbers.md).
 */
export function spreadOf(targets: ArrayLike<number>): number {
  const sorted = Float64Array.from(targets).sort(), median = sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
  return sorted.reduce((sum, target) => sum + Math.abs(target - median), 0) / Math.max(1, sorted.length);
}

/** How near a number comes: 1 when hit, 0 when as far off as the best blind guess is on average, below when farther. Where targets do not differ: hit or not. */
export const nearness = (target: number, predicted: number, spread: number): number =>
  spread === 0 ? Number(predicted === target) : 1 - Math.abs(predicted - target) / spread;
