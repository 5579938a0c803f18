import { cholesky, forwardSolve, leastShift } from './gram.ts';

/**
 * Regularised H-score: how much of the features' variance lies between the classes, each direction weighed by how little
 * it varies (Bao et al. 2019, "An Information-Theoretic Approach to Transferability in Task Transfer Learning"), with the
 * covariance shrunk as of Ledoit & Wolf 2004 because there are fewer photos than features (Ibrahim, Ponomareva & Mazumder
 * 2022, "Newer is Not Always Better", ECML). 0 … classes − 1; higher is better.
 * With S the covariance, μ its mean eigenvalue and a the shrinkage: tr(((1 − a) S + a μ I)⁻¹ (1 − a) cov(class means)).
 * In terms of the centred K, u_c the indicator of class c at length 1, κ = a μ n / (1 − a):
 * n / (n − 1) · Σ_c (1 − κ u_cᵀ (K + κ I)⁻¹ u_c).
 */
export interface HScore {
  readonly value: number;
  /** Of the covariance towards a sphere, 0 … 1. */
  readonly shrinkage: number;
}

/** centred: K of the centred features; width: of the features. */
export function regularisedHScore(centred: Float64Array, labels: ArrayLike<number>, classes: number, width: number): HScore {
  const items = labels.length, shrinkage = ledoitWolf(centred, items, width);
  if (shrinkage >= 1) return { value: 0, shrinkage };
  let trace = 0;
  for (let i = 0; i < items; i++) trace += centred[i * items + i]!;
  const mean = trace / items / width, shift = shrinkage * mean * items / (1 - shrinkage);
  const lower = cholesky(centred, items, Math.max(shift, leastShift(centred, items)));
  let sum = 0;
  for (let c = 0; c < classes; c++) {
    const members = Float64Array.from({ length: items }, (_, i) => Number(labels[i] === c)), count = squaresOf(members);
    if (count > 0) sum += 1 - shift * squaresOf(forwardSolve(lower, items, members.map((value) => value / Math.sqrt(count))));
  }
  return { value: sum * items / (items - 1), shrinkage };
}

/** Ledoit & Wolf's shrinkage ("A well-conditioned estimator for large-dimensional covariance matrices", lemma 3.3), covariance by 1 / n. */
function ledoitWolf(centred: Float64Array, items: number, width: number): number {
  let trace = 0, squares = 0, fourth = 0;
  for (let i = 0; i < items; i++) {
    const own = centred[i * items + i]!;
    trace += own / items;
    fourth += own * own;
  }
  for (const value of centred) squares += value * value / (items * items);
  const beta = (fourth / items - squares) / (width * items), delta = (squares - trace * trace / width) / width;
  return delta <= 0 ? 1 : Math.max(0, Math.min(beta, delta)) / delta;
}

const squaresOf = (vector: Float64Array): number => vector.reduce((sum, value) => sum + value * value, 0);
