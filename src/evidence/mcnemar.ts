/**
 * Exact McNemar test: do two classifiers that judged the same items differ? Only items that exactly one of them got right
 * speak; under "no difference" each is a fair coin. McNemar 1947, Psychometrika 12(2); exact binomial form, as
 * recommended for paired classifiers by Dietterich 1998, Neural Computation 10(7).
 * Sees item noise, not seed noise: one pair of runs may say "likely", never "confirmed".
 * Left out: the chi-square approximation and the mid-p variant (less conservative, but not exact).
 */

/**
 * One-sided: P(X >= b), X ~ Binomial(b + c, 1/2).
 * b: items only the first got right; c: items only the second. Small: the first is better. 1 when they never differ.
 */
export function mcnemarOneSided(b: number, c: number): number {
  const n = b + c;
  if (b <= 0) return 1;
  // The shorter tail is summed, the other is its complement.
  return 2 * b > n ? upperTail(b, n) : 1 - upperTail(n - b + 1, n);
}

/** Two-sided: twice the smaller tail, at most 1. */
export const mcnemarTwoSided = (b: number, c: number): number =>
  b === c ? 1 : Math.min(1, 2 * upperTail(Math.max(b, c), b + c));

/** P(X >= k), X ~ Binomial(n, 1/2), for 2 k > n: terms fall from the first on, so the sum ends early; stable for any n. */
function upperTail(k: number, n: number): number {
  if (k > n) return 0;
  let term = Math.exp(logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1) - n * Math.LN2), sum = 0;
  for (let i = k; i <= n && term > sum * 1e-17; i++) {
    sum += term;
    term *= (n - i) / (i + 1);
  }
  return Math.min(1, sum);
}

/** ln Γ(x), x > 0: Stirling's series after shifting x above 10 (error below 1e-13 there; Abramowitz & Stegun 6.1.41). */
export function logGamma(x: number): number {
  let shift = 0, y = x;
  while (y < 10) shift += Math.log(y++);
  const r = 1 / (y * y);
  const series = (1 / 12 - r * (1 / 360 - r * (1 / 1260 - r * (1 / 1680 - r * (1 / 1188 - r * 691 / 360360))))) / y;
  return (y - 0.5) * Math.log(y) - y + 0.5 * Math.log(2 * Math.PI) + series - shift;
}
