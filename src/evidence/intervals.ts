import type { Share } from '../protocol/verdict.ts';
import { wilson, z95 } from '../base/wilson.ts';

/**
 * 95 % confidence intervals for accuracies and for the difference of two accuracies on the same items.
 * - One accuracy: Wilson's score interval (base/wilson.ts).
 * - Paired difference: Tango's score interval (Tango 1998, Statistics in Medicine 17:891–908): all differences that the
 *   paired score test would not reject. Chosen over Newcombe's square-and-add (1998, method 10) because it inverts the
 *   score form of the very test that gives our p, so interval and p seldom disagree; both cover well from n = 20 on.
 * Both see the sampling of items only: another seed or another split moves more than this.
 */

/** Accuracy with its Wilson interval. No items: 0…1. */
export const shareOf = (correct: number, items: number): Share =>
  items === 0 ? { value: 0, low: 0, high: 1, correct, items } : { value: correct / items, ...wilson(correct / items, items), correct, items };

export interface Difference {
  /** First accuracy − second, −1…1. */
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/**
 * Tango's interval of a paired difference.
 * b: items only the first got right; c: items only the second; items: all of them.
 */
export function pairedDifference(b: number, c: number, items: number): Difference {
  if (items === 0) return { value: 0, low: -1, high: 1 };
  const value = (b - c) / items;
  return {
    value,
    low: value === -1 ? -1 : crossing((delta) => tangoScore(b, c, items, delta) - z95, -1, value),
    high: value === 1 ? 1 : crossing((delta) => tangoScore(b, c, items, delta) + z95, value, 1),
  };
}

/** (b − c − n Δ) / its standard error when the true difference is Δ; falls as Δ rises. */
function tangoScore(b: number, c: number, n: number, delta: number): number {
  // Probability of "only the second is right" that makes (b, c) most likely under Δ: root of A q² + B q + C.
  const A = 2 * n, B = -b - c + (2 * n - b + c) * delta, C = -c * delta * (1 - delta);
  const q = (Math.sqrt(Math.max(0, B * B - 4 * A * C)) - B) / (2 * A);
  const variance = n * (2 * q + delta * (1 - delta));
  const distance = b - c - n * delta;
  if (variance <= 0) return distance === 0 ? 0 : Math.sign(distance) * Infinity;
  return distance / Math.sqrt(variance);
}

/** Where a falling function crosses 0 between low and high. */
function crossing(f: (x: number) => number, low: number, high: number): number {
  for (let i = 0; i < 60; i++) { // 2^-60 of the interval: the last bit
    const middle = (low + high) / 2;
    if (f(middle) > 0) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
