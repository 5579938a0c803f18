import type { RateSuggestions, RateTest } from './answers.ts';

/** Words about a learning-rate test, the same in the terminal and on its page. */

export interface Suggested {
  readonly name: keyof RateSuggestions;
  readonly rate: number;
  readonly what: string;
}

const meanings: Readonly<Record<keyof RateSuggestions, string>> = {
  valley: 'half way down the longest descent: the usual choice',
  steepest: 'where the loss falls fastest',
  minimum: 'a tenth of the rate with the lowest loss',
};

/** The usual choice first; none when the loss fell nowhere. */
export function suggestionsOf({ suggestions }: RateTest): readonly Suggested[] {
  if (!suggestions) return [];
  return (Object.keys(meanings) as (keyof RateSuggestions)[]).map((name) => ({ name, rate: suggestions[name], what: meanings[name] }));
}

/** One sentence that says how today's rate stands. */
export function readingOf({ rate, suggestions, diverged }: RateTest): string {
  if (!suggestions) return `The loss fell at no rate: the test says nothing about ${rateText(rate)}. More photos to a batch make it steadier.`;
  const { valley, steepest, minimum } = suggestions, low = Math.min(valley, steepest, minimum), high = Math.max(valley, steepest, minimum);
  const place = rate < low / 3 ? `below all of them: training takes longer than it must` : rate > 3 * high ? 'above all of them: it may learn unsteadily, or fall apart' : 'about where it should be';
  return `Today's ${rateText(rate)} is ${place}.${diverged ? '' : ' The loss stayed in bounds up to the largest rate.'}`;
}

/** As it is written into an experiment: "3e-4", "1.2e-3", "0.05". */
export const rateText = (rate: number): string => rate >= 0.01 ? String(Number(rate.toPrecision(2))) : rate.toExponential(rate === Number(rate.toPrecision(1)) ? 0 : 1);
