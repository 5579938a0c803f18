import type { Rng } from './rng.ts';

/** Beta(alpha, alpha), alpha > 0: a share near 0 or 1 for small alpha, near ½ for large ones. */
export function drawBeta(random: Rng, alpha: number): number {
  const a = drawGamma(random, alpha), b = drawGamma(random, alpha);
  return a + b === 0 ? 0.5 : a / (a + b); // both underflow for tiny alpha only
}

/** Gamma(alpha, 1): Marsaglia & Tsang 2000, "A simple method for generating gamma variables"; below 1 from alpha + 1. */
function drawGamma(random: Rng, alpha: number): number {
  if (alpha < 1) return drawGamma(random, alpha + 1) * (1 - random.next()) ** (1 / alpha);
  const d = alpha - 1 / 3, c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = random.normal(), v = (1 + c * x) ** 3;
    if (v > 0 && Math.log(1 - random.next()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
  }
}
