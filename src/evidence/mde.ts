/**
 * Smallest detectable effect: the true difference in accuracy that a paired test on these items would have shown with
 * 80 % probability at two-sided p < .01 (the level at which a verdict claims anything). It says what "not shown" is worth.
 * Sample-size formula for McNemar's test: Connor 1987, Biometrics 43:207–211 (after Miettinen 1968), solved for the
 * difference. Against the power of the exact test, summed over all outcomes: within 3 % where at least 15 items differ,
 * up to 13 % too large below (test/unit/evidence/mde.test.ts), so a continuity correction would only make it worse.
 * The share of items on which the two disagree is not known beforehand; the observed one stands in for it (a nuisance
 * parameter: the observed *difference* does not enter, so this is not "post-hoc power").
 */

/** Standard normal quantiles: two-sided .01 and .05, power .8. */
const zOf = { 0.01: 2.5758293035489004, 0.05: 1.959963984540054 } as const;
const zPower = 0.8416212335729143;

/**
 * Returns 0…1; 1 when no difference could have been shown at all.
 * discordant: items that exactly one of the two got right.
 */
export function smallestDetectable(items: number, discordant: number, alpha: keyof typeof zOf = 0.01): number {
  if (items === 0) return 1;
  const observed = (discordant + 1) / (items + 2); // of two equal classifiers too, some items would have differed
  const enough = (gap: number): boolean => itemsNeeded(gap, Math.max(observed, gap), zOf[alpha]) <= items;
  if (!enough(1)) return 1;
  let low = 0, high = 1;
  for (let i = 0; i < 40; i++) {
    const middle = (low + high) / 2;
    if (enough(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/** Items that would show a difference `gap`, when of `items` so many were discordant. */
export const itemsToShow = (gap: number, items: number, discordant: number, alpha: keyof typeof zOf = 0.01): number =>
  Math.ceil(itemsNeeded(gap, Math.max((discordant + 1) / (items + 2), gap), zOf[alpha]));

/** Items that show a difference `gap` among a share `discordance` of differing items. */
function itemsNeeded(gap: number, discordance: number, z: number): number {
  return ((z * Math.sqrt(discordance) + zPower * Math.sqrt(discordance - gap * gap)) / gap) ** 2;
}
