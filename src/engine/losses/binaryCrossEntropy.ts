import * as tf from '@tensorflow/tfjs-core';

/**
 * Of independent yes–no targets, 0…1 (smoothed ones too), of the logits' shape; the mean over all elements, in nats.
 * positiveWeights: of each last-axis entry, on the term of "yes", as torch's `pos_weight`.
 */
export function binaryCrossEntropy(logits: tf.Tensor, targets: tf.Tensor, positiveWeights?: tf.Tensor): tf.Scalar {
  const yes = tf.mul(targets, tf.softplus(tf.neg(logits))), no = tf.mul(tf.sub(1, targets), tf.softplus(logits));
  return tf.mean(tf.add(positiveWeights ? tf.mul(yes, positiveWeights) : yes, no));
}

/** −log of the probability of each target, 0 or 1: softplus(−x) for yes, softplus(x) for no; neither overflows. */
export const signedSurprise = (logits: tf.Tensor, targets: tf.Tensor): tf.Tensor => tf.softplus(tf.mul(logits, tf.sub(1, tf.mul(targets, 2))));
