/**
 * What a step makes small, as one composed function of a stage: `aimsOf` says on the host what the rows of a batch should be
 * taken for and how much each counts, `loss` compares the network's outputs with that on the device. A task with other
 * outputs is another Objective; the step does not know which.
 */
import * as tf from '@tensorflow/tfjs-core';
import { Bug } from '../base/bug.ts';
import type { Kernels } from './kernels.ts';
import { crossEntropyOfItems } from './losses.ts';
import { softmaxFocal } from './losses/focal.ts';
import { massOf, mixedTargets, smoothedTargets } from './losses/targets.ts';
import type { Mixing } from './mixing.ts';

/** Rows as the trainer knows them; rows of weight 0 count nothing. */
export interface LabelledRows {
  readonly labels: Int32Array;
  readonly weights: Float32Array;
  /** [rows, outputs]: 0 or 1 for each label, or standardised numbers; what objectives other than classification ask for. */
  readonly targets?: Float32Array;
}

export interface Objective {
  /** float32 [rows, …], row by row. Over the whole batch, so that the losses of its parts add up. */
  aimsOf(rows: LabelledRows, mixing?: Mixing): Float32Array;
  /** outputs: [rows, classes]; aims: the same rows of aimsOf. */
  loss(outputs: tf.Tensor2D, aims: tf.Tensor2D, kernels: Kernels): tf.Scalar;
  /** The loss of each row of an evaluation, unweighted: float32 [rows]. `rows`: at least as many as outputs has. */
  items(outputs: tf.Tensor2D, rows: LabelledRows): tf.Tensor1D;
}

export interface ClassificationSettings {
  readonly classes: number;
  /** Share of each target that is spread over all classes. */
  readonly labelSmoothing?: number;
  /** How much each class counts; left out: all alike. */
  readonly classWeights?: Float32Array;
  /** Focal loss with this gamma; left out: cross-entropy. */
  readonly gamma?: number;
}

/** One label per row. An aim is the mass that crossEntropy (losses.ts) wants: targets × what the row counts. */
export function classification({ classes, labelSmoothing = 0, classWeights, gamma }: ClassificationSettings): Objective {
  return {
    aimsOf({ labels, weights }, mixing) {
      const targets = smoothedTargets(labels, classes, labelSmoothing), balance = classWeights && { classes: classWeights };
      if (mixing) return massOf(mixedTargets(targets, mixing.partners, mixing.share), labels.length, { rows: weights, ...balance });
      return massOf(targets, labels.length, { rows: weights, labels, ...balance });
    },
    loss: (logits, mass, kernels) => gamma === undefined ? kernels.crossEntropy(logits, mass) : softmaxFocal(logits, mass, gamma),
    items: (logits, { labels }) => crossEntropyOfItems(logits, tf.tensor1d(labels.subarray(0, logits.shape[0]), 'int32')),
  };
}

/** Each output a yes or no of its own: sigmoid cross-entropy, the mean over the outputs, in nats. */
export const multiLabel = (): Objective => perOutput((logits, targets) =>
  tf.add(tf.mul(targets, tf.softplus(tf.neg(logits))), tf.mul(tf.sub(1, targets), tf.softplus(logits))));

export interface RegressionSettings {
  /** Huber loss (Huber 1964) with this delta, in standard deviations of the training numbers; left out: squared error. */
  readonly delta?: number;
}

/** Standardised numbers: squared error, or torch's Huber loss, half the square up to delta and straight beyond; the mean over the outputs. */
export const regression = ({ delta }: RegressionSettings = {}): Objective => perOutput((outputs, targets) => {
  if (delta === undefined) return tf.squaredDifference(outputs, targets);
  const error = tf.abs(tf.sub(outputs, targets)), bent = tf.minimum(error, delta);
  return tf.add(tf.mul(0.5, tf.square(bent)), tf.mul(delta, tf.sub(error, bent)));
});

/** An aim is a row's targets and, behind them, its share of the batch's weight; rows mixed in pairs have mixed targets. */
function perOutput(lossOf: (outputs: tf.Tensor2D, targets: tf.Tensor2D) => tf.Tensor): Objective {
  const ofRows = (outputs: tf.Tensor2D, targets: tf.Tensor2D): tf.Tensor1D => tf.mean(lossOf(outputs, targets), 1);
  return {
    aimsOf({ weights, targets }, mixing) {
      if (!targets) throw new Bug('a batch without targets');
      const rows = weights.length, width = targets.length / rows, total = weights.reduce((sum, weight) => sum + weight, 0);
      const mixed = mixing ? mixedTargets(targets, mixing.partners, mixing.share) : targets;
      return Float32Array.from({ length: rows * (width + 1) }, (_, i) => {
        const row = Math.floor(i / (width + 1)), column = i % (width + 1);
        return column < width ? mixed[row * width + column]! : weights[row]! / total;
      });
    },
    loss(outputs, aims) {
      const [rows, width] = outputs.shape;
      return tf.sum(tf.mul(ofRows(outputs, tf.slice(aims, [0, 0], [rows, width])), tf.reshape(tf.slice(aims, [0, width], [rows, 1]), [rows])));
    },
    items(outputs, { targets }) {
      if (!targets) throw new Bug('a batch without targets');
      const [rows, width] = outputs.shape;
      return ofRows(outputs, tf.tensor2d(targets.subarray(0, rows * width), [rows, width]));
    },
  };
}
