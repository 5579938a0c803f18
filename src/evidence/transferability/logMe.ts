import { leastShift, resolventOf, tridiagonalOf } from './gram.ts';

/**
 * LogME: how probable the labels are under a linear model on the features, its weights integrated out (You et al. 2021,
 * "LogME: Practical Assessment of Pre-trained Models for Transfer Learning", ICML; fixed point: the authors' 2022 journal
 * version). Per class, one against the rest: ln p(y | F) / n, prior precision α and noise precision β chosen to maximise
 * it; the mean over the classes. Nats per photo and class; higher is better, and only comparable on the same photos.
 * In terms of K = F Fᵀ the width of the features cancels out. Not centred, as in the paper. Eleven rounds at most, until
 * α / β changes by less than 1 %; 1e-5 in the denominators, as the authors' code has it.
 */
export interface LogMe {
  readonly value: number;
  readonly perClass: Float64Array;
  /** [α, β] of each class: α / β is the strength of ridge regression that fits these labels best. */
  readonly precisions: readonly (readonly [alpha: number, beta: number])[];
}

const rounds = 11, settled = 0.01, tiny = 1e-5;

/** gram: K of the photos, not centred. labels: class index of each. */
export function logMe(gram: Float64Array, labels: ArrayLike<number>, classes: number): LogMe {
  const items = labels.length, least = leastShift(gram, items);
  const targets = Array.from({ length: classes }, (_, c) => Float64Array.from({ length: items }, (_unused, i) => Number(labels[i] === c)));
  const { vectors, ...tridiagonal } = tridiagonalOf(gram, items, targets);
  const precisions: [number, number][] = [];
  const perClass = Float64Array.from(vectors, (y) => {
    let alpha = 1, beta = 1;
    const fit = (): { readonly weights: number; readonly residual: number; readonly gamma: number; readonly logDeterminant: number } => {
      const shift = Math.max(alpha / beta, least), { trace, logDeterminant, solve } = resolventOf(tridiagonal, shift), r = solve(y);
      const squares = dot(r, r);
      return { weights: dot(y, r) - shift * squares, residual: shift * shift * squares, gamma: items - shift * trace, logDeterminant };
    };
    for (let round = 0, change = 1; round < rounds && change > settled; round++) {
      const { weights, residual, gamma } = fit(), before = alpha / beta;
      alpha = Math.max(gamma, least) / (weights + tiny); // features of nothing but zeros explain nothing
      beta = (items - gamma) / (residual + tiny);
      change = Math.abs(alpha / beta - before) / before;
    }
    precisions.push([alpha, beta]);
    const { weights, residual, logDeterminant } = fit();
    return (items * (Math.log(alpha) - Math.log(2 * Math.PI)) - logDeterminant - beta * residual - alpha * weights) / (2 * items);
  });
  return { value: perClass.reduce((sum, value) => sum + value, 0) / classes, perClass, precisions };
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
