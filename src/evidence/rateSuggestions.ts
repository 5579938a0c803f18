/**
 * What a learning-rate range test says: the loss after one update at each of a row of rising rates (Smith 2017,
 * arXiv:1506.01186, §3.3), and the rates that it speaks for. Three readings, because none is right always:
 *
 * - valley: half way down the longest descent. A descent is the longest subsequence of falling losses, taken to be as long
 *   as it has members and to end with the last of them: noise on the plateau before it then adds little (fastai's default,
 *   but that there a fall of any size counts).
 * - steepest: where the loss falls fastest over the logarithm of the rate (Smith; fastai's `steep`).
 * - minimum: a tenth of the rate of the lowest loss, where training is still far from falling apart (fastai's `minimum`).
 *
 * All three look at the losses up to their lowest, smoothed over the logarithm of the rate. Smoothed to both sides: a running
 * mean, which most tools use, comes late and so shows the descent at rates larger than those that made it.
 */
import type { RateSuggestions } from '../protocol/answers.ts';

/** Losses in nats, in the order of the rates, which are equidistant in their logarithm. */
export interface RateCurve {
  readonly rates: readonly number[];
  /** After one update at that rate; the last may be no finite number. */
  readonly losses: readonly number[];
}

/** Fewer finite losses show nothing. */
const fewestPoints = 10;

/** Standard deviation of the smoothing, as a share of the whole test: a seventh of a decade when it spans six. */
const smoothing = 1 / 40;

/** What counts as falling, as a share of the whole fall: a plateau that sinks by a hair is none. */
const leastFall = 1 / 200;

/** Undefined when the loss falls nowhere, or when there are too few points to tell. Rates to two digits. */
export function suggestRates({ rates, losses }: RateCurve): RateSuggestions | undefined {
  const smooth = smoothed(losses), lowest = smooth.indexOf(Math.min(...smooth));
  if (smooth.length < fewestPoints || lowest < 1) return undefined;
  const fall = smooth.slice(0, lowest + 1), steps = fall.slice(1).map((loss, i) => loss - fall[i]!);
  const steepest = steps.indexOf(Math.min(...steps));
  return {
    valley: twoDigits(rates[middleOfDescent(fall)]!),
    steepest: twoDigits(Math.sqrt(rates[steepest]! * rates[steepest + 1]!)),
    minimum: twoDigits(rates[lowest]! / 10),
  };
}

/** A Gaussian mean over neighbours, of what is finite: a test ends where its loss is not. */
export function smoothed(losses: readonly number[]): readonly number[] {
  const end = losses.findIndex((loss) => !Number.isFinite(loss)), finite = end < 0 ? losses : losses.slice(0, end);
  const sigma = Math.max(1, losses.length * smoothing), reach = Math.ceil(3 * sigma);
  return finite.map((_, at) => {
    let sum = 0, weights = 0;
    for (let i = Math.max(0, at - reach); i <= Math.min(finite.length - 1, at + reach); i++) {
      const weight = Math.exp(-0.5 * ((i - at) / sigma) ** 2);
      sum += weight * finite[i]!;
      weights += weight;
    }
    return sum / weights;
  });
}

function middleOfDescent(losses: readonly number[]): number {
  const lengths: number[] = [], least = (Math.max(...losses) - Math.min(...losses)) * leastFall;
  for (const loss of losses) lengths.push(1 + Math.max(0, ...lengths.filter((_, before) => losses[before]! - loss > least)));
  const longest = Math.max(...lengths), end = lengths.indexOf(longest);
  return Math.round(end - (longest - 1) / 2);
}

const twoDigits = (rate: number): number => Number(rate.toPrecision(2));
