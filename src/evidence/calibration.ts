/**
 * Whether stated probabilities are right as often as they say.
 * - Expected calibration error with 15 bins of equal width, (i/15, (i+1)/15], by the probability of the predicted class
 *   (Naeini et al. 2015; Guo et al. 2017, arXiv:1706.04599). It is biased upwards where items are few: `chanceEce` is what
 *   it would be on average, were every stated probability right.
 * - Brier score over all classes, Σₖ (pₖ − yₖ)², 0…2 (Brier 1950).
 * - One temperature by which all logits are divided (Guo et al. 2017): it changes no prediction, only how sure it is.
 * Reference: test/fixtures/goldens/metric.classification. Left out: per-class and adaptive bins, vector scaling.
 */
import { rng } from '../base/rng.ts';
import type { Calibration, CalibrationScore, ReliabilityBin } from '../protocol/insight.ts';

/** Logits [items, classes], row-major, and the true classes. */
export interface Outputs {
  readonly logits: Float32Array;
  readonly labels: ArrayLike<number>;
  readonly classes: number;
}

/** Fitted on validation items, scored on test items. */
export function calibrationOf(validation: Outputs, test: Outputs): Calibration {
  const fitted = fitTemperature(validation), temperature = fitted ?? 1, before = calibrationScore(probabilities(test, 1), test);
  return {
    temperature, ...(fitted === undefined && { why: 'on the validation images, the more (or the less) sure the better: all are right, or probabilities say nothing' }),
    validationItems: validation.labels.length, items: test.labels.length,
    before, after: fitted === undefined ? before : calibrationScore(probabilities(test, temperature), test),
  };
}

/** Softmax of logits / temperature, [items, classes]. */
export function probabilities({ logits, labels, classes }: Outputs, temperature: number): Float64Array {
  const out = new Float64Array(logits.length);
  for (let row = 0; row < labels.length; row++) {
    const from = row * classes, end = from + classes, top = Math.max(...logits.subarray(from, end));
    let sum = 0;
    for (let k = from; k < end; k++) sum += out[k] = Math.exp((logits[k]! - top) / temperature);
    for (let k = from; k < end; k++) out[k]! /= sum;
  }
  return out;
}

const binCount = 15, draws = 100;

export function calibrationScore(stated: ArrayLike<number>, { labels, classes }: Pick<Outputs, 'labels' | 'classes'>): CalibrationScore {
  const items = labels.length, confidences = new Float64Array(items), right = new Uint8Array(items);
  let brier = 0, loss = 0;
  for (let row = 0; row < items; row++) {
    let best = 0;
    for (let k = 0; k < classes; k++) {
      const p = stated[row * classes + k]!;
      if (p > stated[row * classes + best]!) best = k;
      brier += (p - Number(k === labels[row])) ** 2;
    }
    confidences[row] = stated[row * classes + best]!;
    right[row] = Number(best === labels[row]);
    loss -= Math.log(Math.max(stated[row * classes + labels[row]!]!, Number.MIN_VALUE));
  }
  const bins = binned(confidences, right), { next } = rng(1, 'calibration');
  let chance = 0;
  for (let draw = 0; draw < draws; draw++) chance += eceOf(binned(confidences, Uint8Array.from(confidences, (p) => Number(next() < p))), items);
  return { ece: eceOf(bins, items), chanceEce: chance / draws, brier: brier / items, loss: loss / items, bins };
}

function binned(confidences: Float64Array, right: Uint8Array): ReliabilityBin[] {
  const sums = Array.from({ length: binCount }, () => ({ confidence: 0, right: 0, items: 0 }));
  for (const [row, confidence] of confidences.entries()) {
    const bin = sums[Math.max(0, Math.min(binCount, Math.ceil(confidence * binCount)) - 1)]!; // its upper edge belongs to it
    bin.confidence += confidence;
    bin.right += right[row]!;
    bin.items++;
  }
  return sums.flatMap((bin) => bin.items === 0 ? [] : [{ confidence: bin.confidence / bin.items, accuracy: bin.right / bin.items, items: bin.items }]);
}

const eceOf = (bins: readonly ReliabilityBin[], items: number): number =>
  bins.reduce((sum, { accuracy, confidence, items: n }) => sum + n / items * Math.abs(accuracy - confidence), 0);

/** Temperatures that are looked through. */
const from = 1 / 50, to = 50;

/**
 * The temperature of least cross-entropy. That is convex in b = 1 / T (log-sum-exp of b · logits, minus a line), so the sign
 * of its slope, halved 40 times, finds it. Undefined where it lies at an end: then the data knows no temperature.
 */
export function fitTemperature(outputs: Outputs): number | undefined {
  let low = 1 / to, high = 1 / from;
  if (outputs.labels.length === 0 || slope(outputs, low) >= 0 || slope(outputs, high) <= 0) return undefined;
  for (let i = 0; i < 40; i++) {
    const middle = (low + high) / 2;
    if (slope(outputs, middle) < 0) low = middle;
    else high = middle;
  }
  return 2 / (low + high);
}

/** d (Σ loss) / db: what the network expects of its logits − the logit of the true class. */
function slope({ logits, labels, classes }: Outputs, b: number): number {
  const stated = probabilities({ logits, labels, classes }, 1 / b);
  let sum = 0;
  for (let row = 0; row < labels.length; row++) {
    for (let k = 0; k < classes; k++) sum += logits[row * classes + k]! * (stated[row * classes + k]! - Number(k === labels[row]));
  }
  return sum;
}
