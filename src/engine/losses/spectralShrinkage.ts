import * as tf from '@tensorflow/tfjs-core';

/** Squarings: the direction wins by the 2²⁰th power of its lead. */
const squarings = 20;

/**
 * Batch spectral shrinkage (Chen et al. 2019, "Catastrophic Forgetting Meets Negative Transfer", NeurIPS) with k = 1: the
 * square of the smallest singular value of a batch's features [rows, width], whose directions transfer least.
 * An engine has no eigenvectors: the smallest one of the Gram matrix G is the largest of I − G / trace(G), which repeated
 * squaring leaves over, on the device, without a readback. Its gradient is 2 u uᵀ F, exact for the u that was found.
 */
export function spectralShrinkage(features: tf.Tensor2D): tf.Scalar {
  return tf.customGrad<tf.Scalar>((...args) => {
    const [f, save] = args as [tf.Tensor2D, tf.GradSaveFunc], [rows, width] = f.shape, wide = width >= rows;
    const u = smallestEigenvector(wide ? tf.matMul(f, f, false, true) : tf.matMul(f, f, true, false), Math.min(rows, width));
    const along = wide ? tf.matMul(u, f, true, false) : tf.matMul(f, u); // uᵀ F, or F u
    save([wide ? tf.matMul(u, along) : tf.matMul(along, u, false, true)]);
    return { value: tf.sum(tf.square(along)), gradFunc: (dy: tf.Scalar, saved: tf.Tensor[]) => tf.mul(saved[0]!, tf.mul(dy, 2)) };
  })(features);
}

/** gram: symmetric, ≥ 0, [size, size]. A column of length 1. */
function smallestEigenvector(gram: tf.Tensor2D, size: number): tf.Tensor2D {
  const eye = tf.eye(size);
  let power: tf.Tensor2D = tf.sub(eye, tf.div(gram, tf.add(tf.sum(tf.mul(gram, eye)), 1e-30)));
  for (let i = 0; i < squarings; i++) {
    const square = tf.matMul(power, power);
    power = tf.div(square, tf.max(tf.abs(square)));
  }
  const most = tf.argMax(tf.sum(tf.mul(power, eye), 1)), column = tf.reshape(tf.gather(power, tf.reshape(most, [1])), [size, 1]);
  return tf.div<tf.Tensor2D>(column, tf.norm(column));
}
