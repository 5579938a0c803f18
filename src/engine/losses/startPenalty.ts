import * as tf from '@tensorflow/tfjs-core';

/** A parameter and where it started. */
export type Moved = readonly [value: tf.Tensor, start: tf.Tensor];

/**
 * L2-SP (Li et al. 2018, arXiv:1802.01483): strength / 2 · Σ (w − start)², which holds fine-tuning near the pretrained
 * weights. The head, which has no start worth keeping, is held near 0: its `start` is zeros, with a strength of its own.
 */
export const startPenalty = (parameters: readonly Moved[], strength: number): tf.Scalar =>
  tf.mul(tf.addN(parameters.map(([value, start]) => tf.sum(tf.squaredDifference(value, start)))), strength / 2);
