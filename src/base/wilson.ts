/** Standard normal quantile of 0.975. */
export const z95 = 1.959963984540054;

/**
 * Wilson's 95 % score interval of a share (Wilson 1927, JASA 22; recommended by Brown, Cai & DasGupta 2001): never leaves
 * 0…1, and honest near the ends and for few items, where value ± 1.96 s.e. is not. Without items: 0…1.
 */
export function wilson(value: number, items: number): { readonly low: number; readonly high: number } {
  if (items === 0) return { low: 0, high: 1 };
  const z2 = z95 * z95, centre = (value + z2 / (2 * items)) / (1 + z2 / items);
  const half = (z95 / (1 + z2 / items)) * Math.sqrt((value * (1 - value)) / items + z2 / (4 * items * items));
  // At the ends the bound is the end itself; the formula misses it by a rounding.
  return { low: value === 0 ? 0 : centre - half, high: value === 1 ? 1 : centre + half };
}
