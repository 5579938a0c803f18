/**
 * What a step makes small, as one composed function of a stage: `aimsOf` says on the host what the rows of a batch should be
 * taken for and how much each counts, `loss` compares the network's outputs with that on the device. A task with other
 * outputs is another Objective; the step does not know which.
 */
import type * as tf from '@tensorflow/tfjs-core';
import { crossEntropy } from './losses.ts';
import { softmaxFocal } from './losses/focal.ts';
import { massOf, mixedTargets, smoothedTargets } from './losses/targets.ts';
import type { Mixing } from './mixing.ts';

/** Rows as the trainer knows them; rows of weight 0 count nothing. */
export interface LabelledRows {
  readonly labels: Int32Array;
  readonly weights: Float32Array;
}

export interface Objective {
  /** float32 [rows, …], row by row. Over the whole batch, so that the losses of its parts add up. */
  aimsOf(rows: LabelledRows, mixing?: Mixing): Float32Array;
  /** outputs: [rows, classes]; aims: the same rows of aimsOf. */
  loss(outputs: tf.Tensor2D, aims: tf.Tensor2D): tf.Scalar;
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
    loss: (logits, mass) => gamma === undefined ? crossEntropy(logits, mass) : softmaxFocal(logits, mass, gamma),
  };
}
