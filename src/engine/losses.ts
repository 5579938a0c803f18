/**
 * Softmax cross-entropy, in nats, as torch.nn.functional.cross_entropy: with `weights` the mean is Σ w l / Σ w.
 * The gradient is written in closed form, softmax − one-hot: fewer tensor ops than the composed one, which
 * counts where a head trains alone. Left out until a plan can ask for it: label smoothing.
 * Parity: test/parity/engine/losses.test.ts.
 */
import * as tf from '@tensorflow/tfjs-core';

/**
 * logits: float32 [batch, classes]; labels: int32 [batch]; weights: float32 [batch], ≥ 0, not all 0.
 * Rows of weight 0 add nothing to the loss or to any gradient. Returns a scalar.
 */
export function softmaxCrossEntropy(logits: tf.Tensor2D, labels: tf.Tensor1D, weights: tf.Tensor1D): tf.Scalar {
  const shares = tf.div(weights, tf.sum(weights));
  const loss = tf.customGrad<tf.Scalar>((...args) => {
    const [x, save] = args as [tf.Tensor2D, tf.GradSaveFunc];
    const found = terms(x, labels);
    save([tf.mul(tf.sub(found.softmax, found.target), tf.expandDims(shares, 1))]);
    return {
      value: tf.sum(tf.mul(lossOf(found), shares)),
      gradFunc: (dy: tf.Scalar, saved: tf.Tensor[]) => tf.mul(saved[0]!, dy),
    };
  });
  return loss(logits);
}

/** The loss of each row: float32 [batch]. For evaluation: no gradient flows through it. */
export function crossEntropyOfItems(logits: tf.Tensor2D, labels: tf.Tensor1D): tf.Tensor1D {
  return tf.tidy(() => lossOf(terms(logits, labels)));
}

const lossOf = ({ target, surprise }: Terms): tf.Tensor1D => tf.sum(tf.mul(target, surprise), 1);

/** Each [batch, classes]: one-hot labels, probabilities, −log of the probabilities. */
interface Terms { readonly target: tf.Tensor2D; readonly softmax: tf.Tensor2D; readonly surprise: tf.Tensor2D }

/** The row's maximum is taken off first, so that no exponential overflows. */
function terms(logits: tf.Tensor2D, labels: tf.Tensor1D): Terms {
  const shifted = tf.sub<tf.Tensor2D>(logits, tf.max(logits, 1, true));
  const exponentials = tf.exp(shifted);
  const sums = tf.sum(exponentials, 1, true);
  return {
    target: tf.oneHot(labels, logits.shape[1]) as tf.Tensor2D,
    softmax: tf.div(exponentials, sums),
    surprise: tf.sub(tf.log(sums), shifted),
  };
}
