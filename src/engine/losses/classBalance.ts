import type { StagePlan } from '../../experiment/plan.ts';

/** Prototypes of a class beyond which more photos say little (Cui et al. 2019 try 0.9 to 0.9999). */
const beta = 0.999;

/**
 * How much a row of each class counts, the mean over all training rows 1: by 1 / n, or by 1 / the effective number of
 * samples (1 − βⁿ) / (1 − β) (Cui et al. 2019, "Class-Balanced Loss", arXiv:1901.05555). counts: training rows of each class.
 */
export function classBalance(kind: StagePlan['classBalance'], counts: readonly number[]): Float32Array | undefined {
  if (kind === 'none') return undefined;
  const raw = counts.map((n) => n === 0 ? 0 : kind === 'inverse' ? 1 / n : (1 - beta) / (1 - beta ** n));
  const rows = counts.reduce((sum, n) => sum + n, 0), mass = raw.reduce((sum, weight, i) => sum + weight * counts[i]!, 0);
  return Float32Array.from(raw, (weight) => weight * rows / mass);
}
