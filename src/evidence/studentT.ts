import { logGamma } from './mcnemar.ts';

/**
 * Student's t distribution with real degrees of freedom, by the regularised incomplete beta function: P(|T| > t) =
 * I_{ν/(ν+t²)}(ν/2, 1/2). The continued fraction is Lentz's, as in Abramowitz & Stegun 26.5.8. For ν beyond 10⁶ it is
 * the normal distribution to nine digits, so ν is cut there.
 */
const mostFreedom = 1e6;

/** P(|T| > |t|). */
export function tTwoSided(t: number, freedom: number): number {
  const nu = Math.min(freedom, mostFreedom);
  if (!Number.isFinite(t)) return 0;
  return betaShare(nu / (nu + t * t), nu / 2, 0.5);
}

/** The t that is exceeded on either side with probability `alpha` in all. */
export function tQuantile(alpha: number, freedom: number): number {
  let low = 0, high = 1;
  while (tTwoSided(high, freedom) > alpha) high *= 2;
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (tTwoSided(middle, freedom) > alpha) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** I_x(a, b): the share of the beta function's integral that lies below x. */
function betaShare(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x));
  // The fraction converges fast on one side of the mean; the other side is its complement.
  return x < (a + 1) / (a + b + 2) ? front * fraction(x, a, b) / a : 1 - front * fraction(1 - x, b, a) / b;
}

function fraction(x: number, a: number, b: number): number {
  const tiny = 1e-300, kept = (value: number): number => Math.abs(value) < tiny ? tiny : value;
  let c = 1, d = 1 / kept(1 - (a + b) * x / (a + 1)), value = d;
  for (let m = 1; m < 10_000; m++) {
    const even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / kept(1 + even * d);
    c = kept(1 + even / c);
    value *= c * d;
    const odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / kept(1 + odd * d);
    c = kept(1 + odd / c);
    value *= c * d;
    if (Math.abs(c * d - 1) < 1e-15) return value;
  }
  return value;
}
