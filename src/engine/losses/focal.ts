import * as tf from '@tensorflow/tfjs-core';
import { signedSurprise } from './binaryCrossEntropy.ts';

/**
 * Focal loss (Lin et al. 2017, arXiv:1708.02002): cross-entropy times (1 − p)^gamma, so that rows which are right already
 * count little. gamma ≥ 1. logits: [batch, classes]; mass as in losses.ts crossEntropy (the paper's alpha goes there).
 */
export function softmaxFocal(logits: tf.Tensor2D, mass: tf.Tensor2D, gamma: number): tf.Scalar {
  const logs = tf.logSoftmax(logits);
  return tf.sum(tf.mul(tf.mul(mass, tf.neg(logs)), tf.pow(tf.sub(1, tf.exp(logs)), gamma)));
}

/** Of independent yes–no targets, 0 or 1, of the logits' shape; alpha weighs yes, 1 − alpha no. The mean over all elements. */
export function sigmoidFocal(logits: tf.Tensor, targets: tf.Tensor, { gamma, alpha }: { readonly gamma: number; readonly alpha: number }): tf.Scalar {
  const surprise = signedSurprise(logits, targets); // −log p of what is the case
  const missed = tf.sub(1, tf.exp(tf.neg(surprise)));
  const weights = tf.add(tf.mul(targets, 2 * alpha - 1), 1 - alpha);
  return tf.mean(tf.mul(tf.mul(weights, surprise), tf.pow(missed, gamma)));
}
