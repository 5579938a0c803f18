import * as tf from '@tensorflow/tfjs-core';

/**
 * DELTA (Li et al. 2019, arXiv:1901.09229) with every channel alike: ½ Σ over layers of the mean squared difference of
 * their outputs. The mean, not the paper's sum: one strength then fits maps of any size. Left out: the paper's attention,
 * which weighs channels by what removing them does to the source task.
 */
export const featureDistance = (now: readonly tf.Tensor[], source: readonly tf.Tensor[]): tf.Scalar =>
  tf.mul(tf.addN(now.map((output, i) => tf.mean(tf.squaredDifference(output, source[i]!)))), 0.5);
