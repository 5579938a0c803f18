/**
 * Softmax cross-entropy, in nats. All its forms are one: Σ mass · −log softmax(logits), where `mass` [batch, classes] says
 * how much each class of each row counts. One-hot rows over the batch give the plain mean; losses/targets.ts makes those of
 * label smoothing, class weights, ignored rows, mixup. The gradient is written in closed form, softmax · (the row's mass) −
 * mass: fewer tensor ops than the composed one, which counts where a head trains alone.
 * Parity: test/parity/engine/losses.test.ts.
 */
import * as tf from '@tensorflow/tfjs-core';

/** logits and mass: float32 [batch, classes]; no gradient flows to the mass. Returns a scalar. */
export function crossEntropy(logits: tf.Tensor2D, mass: tf.Tensor2D): tf.Scalar {
  return tf.customGrad<tf.Scalar>((...args) => {
    const [x, save] = args as [tf.Tensor2D, tf.GradSaveFunc];
    const { softmax, surprise } = terms(x);
    save([tf.sub(tf.mul(softmax, tf.sum(mass, 1, true)), mass)]);
    return {
      value: tf.sum(tf.mul(mass, surprise)),
      gradFunc: (dy: tf.Scalar, saved: tf.Tensor[]) => tf.mul(saved[0]!, dy),
    };
  })(logits);
}

/**
 * Of one label per row: the mean weighted by rows, Σ w l / Σ w, as torch.nn.functional.cross_entropy.
 * logits: float32 [batch, classes]; labels: int32 [batch]; weights: float32 [batch], ≥ 0, not all 0.
 * Rows of weight 0 add nothing to the loss or to any gradient.
 */
export function softmaxCrossEntropy(logits: tf.Tensor2D, labels: tf.Tensor1D, weights: tf.Tensor1D): tf.Scalar {
  const shares = tf.div(weights, tf.sum(weights));
  return crossEntropy(logits, tf.mul(tf.oneHot(labels, logits.shape[1]), tf.expandDims(shares, 1)));
}

/** The loss of each row: float32 [batch]. For evaluation: no gradient flows through it. */
export function crossEntropyOfItems(logits: tf.Tensor2D, labels: tf.Tensor1D): tf.Tensor1D {
  return tf.tidy(() => tf.sum(tf.mul(tf.oneHot(labels, logits.shape[1]), terms(logits).surprise), 1));
}

/** Each [batch, classes]: probabilities, and −log of them. */
interface Terms { readonly softmax: tf.Tensor2D; readonly surprise: tf.Tensor2D }

/** The row's maximum is taken off first, so that no exponential overflows. */
function terms(logits: tf.Tensor2D): Terms {
  const shifted = tf.sub<tf.Tensor2D>(logits, tf.max(logits, 1, true));
  const exponentials = tf.exp(shifted);
  const sums = tf.sum(exponentials, 1, true);
  return { softmax: tf.div(exponentials, sums), surprise: tf.sub(tf.log(sums), shifted) };
}
