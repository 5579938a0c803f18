import { backwardSolve, cholesky, forwardSolve, inverseDiagonal, leastShift } from './gram.ts';

/**
 * A linear probe in one step: ridge regression on one indicator per class, the largest wins, each photo judged by a probe
 * that did not see it. Leaving one out needs no refitting: its residual is e / (1 − h), h the photo's own influence (Allen
 * 1974, PRESS; Golub, Heath & Wahba 1979). Deterministic, no rate, no epochs. The intercept is free, not shrunk.
 * centred: K of the centred features. asked: strength of the ridge, in the units of K (evidence/transferability/logMe.ts: α / β).
 * Returns each photo's class.
 */
export function linearProbe(centred: Float64Array, labels: ArrayLike<number>, classes: number, asked: number): Int32Array {
  const items = labels.length, strength = Math.max(asked, leastShift(centred, items)), lower = cholesky(centred, items, strength);
  const free = inverseDiagonal(lower, items).map((value) => Math.max(strength * value - 1 / items, Number.EPSILON)); // 1 − h
  const scores = Array.from({ length: classes }, (_, c) => {
    const target = Float64Array.from({ length: items }, (_unused, i) => Number(labels[i] === c));
    const mean = target.reduce((sum, value) => sum + value, 0) / items;
    const solved = backwardSolve(lower, items, forwardSolve(lower, items, target.map((value) => value - mean)));
    return target.map((value, i) => value - strength * solved[i]! / free[i]!);
  });
  return Int32Array.from({ length: items }, (_, i) => {
    let best = 0;
    for (let c = 1; c < classes; c++) if (scores[c]![i]! > scores[best]![i]!) best = c;
    return best;
  });
}
