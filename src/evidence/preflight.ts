import type { Diagnostic } from '../protocol/diagnostic.ts';
import { smallestDetectable } from './mde.ts';

/**
 * Before a run: do these photos look to the network as those did that it was trained on? Its batch norms remember: the
 * first norm the mean and variance of each channel behind the first convolution, the deepest one those of its last features.
 * Three questions, each one number; thresholds from known sets, right and wrong on purpose (docs/evidence.md):
 * - scale: the median over the channels of ln(σ / σ stored) at the first norm. A convolution is linear, so e to that is the
 *   factor by which the inputs vary too much; the median bears the channels that drawings and digits leave dark.
 * - order: where the stored means lie between those of the photos as fed (0) and with red and blue exchanged (1), along the
 *   line from one to the other, each channel in units of its σ. Says nothing of grey photos.
 * - distance: the mean over the channels of the Kullback-Leibler divergence of the photos' normal distribution from the
 *   stored one at the deepest norm (the channelwise relative of the Fréchet distance of Heusel et al. 2017, unit-free).
 * Left out: networks without batch norms, which keep no such memory.
 */
export interface ChannelStatistics {
  readonly mean: ArrayLike<number>;
  readonly variance: ArrayLike<number>;
}

/** Of activations that come block by block, since those of all photos take more memory than the network. Welford 1962, Technometrics 4(3). */
export class RunningStatistics {
  readonly #mean: Float64Array;
  /** Sums of squared differences from the mean. */
  readonly #spread: Float64Array;
  #rows = 0;

  constructor(channels: number) {
    this.#mean = new Float64Array(channels);
    this.#spread = new Float64Array(channels);
  }

  /** values: [any, channels]. */
  add(values: Float32Array): void {
    const channels = this.#mean.length;
    for (let first = 0; first < values.length; first += channels) {
      const share = 1 / ++this.#rows;
      for (let c = 0; c < channels; c++) {
        const value = values[first + c]!, before = value - this.#mean[c]!;
        this.#mean[c]! += before * share;
        this.#spread[c]! += before * (value - this.#mean[c]!);
      }
    }
  }

  /** Of what was added so far. */
  now(): ChannelStatistics {
    return { mean: this.#mean, variance: this.#spread.map((spread) => spread / this.#rows) };
  }
}

export function scaleGap(photos: ChannelStatistics, stored: ChannelStatistics, epsilon: number): number {
  return median(channelsOf(stored).map((c) => Math.log((photos.variance[c]! + epsilon) / (stored.variance[c]! + epsilon)) / 2));
}

/** Undefined: the photos have too little colour to tell. exchanged: of the photos with red and blue exchanged. */
export function channelOrder(photos: ChannelStatistics, exchanged: ChannelStatistics, stored: ChannelStatistics, epsilon: number): number | undefined {
  let along = 0, length = 0;
  for (const c of channelsOf(stored)) {
    const way = exchanged.mean[c]! - photos.mean[c]!, unit = stored.variance[c]! + epsilon;
    along += way * (stored.mean[c]! - photos.mean[c]!) / unit;
    length += way * way / unit;
  }
  return Math.sqrt(length / stored.mean.length) < limits.colour ? undefined : along / length;
}

export function sourceDistance(photos: ChannelStatistics, stored: ChannelStatistics, epsilon: number): number {
  const channels = channelsOf(stored);
  return channels.reduce((sum, c) => {
    const ratio = (photos.variance[c]! + epsilon) / (stored.variance[c]! + epsilon), gap = (photos.mean[c]! - stored.mean[c]!) ** 2 / (stored.variance[c]! + epsilon);
    return sum + (ratio + gap - 1 - Math.log(ratio)) / 2;
  }, 0) / channels.length;
}

/** Of channels that were dead in the source too nothing can be told. */
const channelsOf = ({ variance }: ChannelStatistics): number[] => Array.from(variance, (_, c) => c).filter((c) => variance[c]! > 1e-8);

/** The known sets stand in docs/evidence.md: photographs right 0.21 at most (the sample photos, by which are drawn, up to 0.5), wrong from 0.48 on: a false alarm costs more than a miss; 0.36 and 0.64; 0.11, drawings 0.19, digits 0.56. */
export const limits = { dull: -0.6, glaring: 0.35, order: 0.5, colour: 0.1, far: 0.15, veryFar: 0.4 } as const;

export interface InputFacts {
  readonly backbone: string;
  /** Photos that were looked at. */
  readonly photos: number;
  readonly scale: number;
  readonly order: number | undefined;
  readonly distance: number;
  /** As the card has it, per channel. */
  readonly std: readonly number[];
}

/** What is worth saying, with the numbers and what to do. */
export function inputDiagnostics({ backbone, photos, scale, order, distance, std }: InputFacts): Diagnostic[] {
  const found: Diagnostic[] = [], factor = Math.exp(scale);
  if (scale > limits.glaring || scale < limits.dull) {
    found.push({
      code: 'preprocessing-mismatch', severity: 'warning',
      message: `behind its first layer, ${backbone} sees ${photos} of these photos vary ${times(factor)} as much as what it was trained on (right preprocessing: 0.6 to 1.2 ×)`,
      fix: `check mean and std in the config.json of its weights: a std somewhere near ${std.map((value) => Number((value * factor).toPrecision(1))).join(', ')} would fit (dull or glaring photos move this by a third), where it says ${std.map((value) => String(value)).join(', ')}`,
    });
    return found; // what is fed wrongly is far from anything
  }
  if (order !== undefined && order > limits.order) {
    found.push({
      code: 'channel-order', severity: 'information',
      message: `the colours of ${photos} of these photos fit ${backbone} better with red and blue exchanged (${order.toFixed(2)}, where 0 is as fed, 1 exchanged, and right ones lie below 0.4)`,
      fix: 'fine for photos that are bluer than usual; otherwise the weights, or the program that wrote the photos, may take channels as blue, green, red',
    });
  }
  if (distance > limits.far) {
    found.push({
      code: 'far-from-source', severity: distance > limits.veryFar ? 'warning' : 'information',
      message: `these photos are ${distance > limits.veryFar ? 'very ' : ''}far from what ${backbone} was trained on: ${distance.toFixed(2)} at its deepest norm over ${photos} photos (everyday photographs 0.09 to 0.12, drawings 0.2, digits 0.6)`,
      fix: 'keep the control from scratch, rank other backbones on this folder, and let deeper layers train',
    });
  }
  return found;
}

/** Few photos to judge by are said before anything is trained. Two runs are thought to differ on a fifth of the photos. */
export function heldOutDiagnostics({ validation, test }: { readonly validation: number; readonly test: number }): Diagnostic[] {
  const found: Diagnostic[] = [];
  if (test > 0 && test < fewestTested) {
    const points = 100 * smallestDetectable(test, Math.round(test / 5));
    found.push({
      code: 'few-held-out', severity: 'warning',
      message: `${test} test photos could show ${points >= 100 ? 'no difference at all' : `only differences above ${points.toFixed(0)} points`}: the verdict will be "not assessed" (at least ${fewestTested} are needed)`,
      fix: 'add photos, or give test a larger share of the split',
    });
  }
  if (validation > 0 && validation < fewestValidated) {
    found.push({
      code: 'few-held-out', severity: 'warning',
      message: `${validation} validation photos choose the checkpoint: each of them is ${(100 / validation).toFixed(0)} points of accuracy`,
      fix: 'add photos, or give validation a larger share of the split',
    });
  }
  return found;
}

/** As evidence/verdict.ts; below the other, one photo is more than five points. */
const fewestTested = 50, fewestValidated = 20;

const times = (factor: number): string => `${factor >= 10 ? factor.toFixed(0) : factor.toFixed(1)} ×`;

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b), middle = sorted.length >> 1;
  return sorted.length === 0 ? 0 : sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
