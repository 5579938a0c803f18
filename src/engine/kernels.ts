/**
 * The ops whose gradients decide how fast an engine trains, behind one interface. `portable` composes them from tfjs
 * ops and runs anywhere; an engine with better ways brings its own (kernels/tensorflow.ts).
 * All are differentiable in every tensor argument but the stored statistics. Parity: test/parity/engine/kernels.test.ts.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Activation } from '../backbones/op.ts';
import { activations } from './kernels/activations.ts';
import { attention } from './kernels/attention.ts';
import { channelSums } from './kernels/channelSums.ts';
import { biased } from './kernels/frugal.ts';
import { layerNorm } from './kernels/layerNorm.ts';
import { relu, relu6 } from './kernels/rectifiers.ts';
import { crossEntropy } from './losses.ts';

export interface Kernels {
  /** Normalises by stored statistics, each [channels]; x: [..., channels]. */
  batchNorm(x: tf.Tensor, scale: tf.Tensor, shift: tf.Tensor, statistics: Statistics, epsilon: number): tf.Tensor;
  /** Normalises by the statistics of x itself, and hands them out; no gradient flows through those. */
  batchNormTrain(x: tf.Tensor, scale: tf.Tensor, shift: tf.Tensor, epsilon: number): Normalised;
  relu(x: tf.Tensor): tf.Tensor;
  relu6(x: tf.Tensor): tf.Tensor;
  activation(x: tf.Tensor, kind: Activation): tf.Tensor;
  /** Batch norm and the activation behind it, where the engine has both as one; without `statistics` by those of x itself. */
  batchNormActivated?(x: tf.Tensor, scale: tf.Tensor, shift: tf.Tensor, statistics: Statistics | undefined, epsilon: number, activation: Rectifier): Normalised;
  /** x: [batch, height, width, in]; filter: [height, width, in, out]. */
  conv2d(x: tf.Tensor4D, filter: tf.Tensor4D, stride: number, padding: 'same' | 'valid'): tf.Tensor4D;
  /** filter: [height, width, channels, 1]. */
  depthwiseConv2d(x: tf.Tensor4D, filter: tf.Tensor4D, stride: number, padding: 'same' | 'valid'): tf.Tensor4D;
  /** Normalises each vector along the last axis by its own statistics. x: [..., channels]; scale, shift: [channels]. */
  layerNorm(x: tf.Tensor, scale: tf.Tensor, shift: tf.Tensor, epsilon: number): tf.Tensor;
  /** softmax(q kᵀ / √size) v in each head. q: [batch, queries, heads · size]; k, v: [batch, keys, heads · size]. Returns the shape of q. */
  attention(q: tf.Tensor3D, k: tf.Tensor3D, v: tf.Tensor3D, heads: number): tf.Tensor3D;
  /** x weight + bias. x: [rows, in]; weight: [in, out]; bias: [out]. */
  linear(x: tf.Tensor2D, weight: tf.Tensor2D, bias?: tf.Tensor1D): tf.Tensor2D;
  /** As losses.ts says; differentiable in the logits alone. */
  crossEntropy(logits: tf.Tensor2D, mass: tf.Tensor2D): tf.Scalar;
  /** AdamW's update of one parameter, where the engine has it as one op; without gradient. */
  adamW?(value: tf.Tensor, gradient: tf.Tensor, moments: Moments, rule: AdamRule): Moments & { readonly value: tf.Tensor };
}

/** Running averages of a gradient and of its square. */
export interface Moments {
  readonly mean: tf.Tensor;
  readonly square: tf.Tensor;
}

/** mean += (g − mean) · meanShare, square likewise; value ← value · keep − rate · mean / (√square + epsilon). */
export interface AdamRule {
  readonly meanShare: number;
  readonly squareShare: number;
  readonly keep: number;
  readonly rate: number;
  readonly epsilon: number;
}

/** Both [channels]; the variance is biased (÷ count) where it was measured. */
export interface Statistics {
  readonly mean: tf.Tensor;
  readonly variance: tf.Tensor;
}

/** With the statistics by which it was normalised. */
export interface Normalised extends Statistics {
  readonly y: tf.Tensor;
}

export type Rectifier = 'relu' | 'relu6';

export const portable: Kernels = {
  batchNorm(x, scale, shift, { mean, variance }, epsilon) {
    const factor = tf.mul(scale, tf.rsqrt(tf.add(variance, epsilon)));
    return tf.add(tf.mul(tf.sub(x, mean), factor), shift);
  },
  batchNormTrain,
  relu,
  relu6,
  activation: (x, kind) => activations[kind](x),
  conv2d: (x, filter, stride, padding) => tf.conv2d(x, filter, stride, padding),
  depthwiseConv2d: (x, filter, stride, padding) => tf.depthwiseConv2d(x, filter, stride, padding),
  layerNorm,
  attention,
  linear: (x, weight, bias) => bias ? biased(tf.matMul(x, weight), bias) : tf.matMul(x, weight),
  crossEntropy,
};

/** The gradient in closed form (Ioffe & Szegedy 2015, arXiv:1502.03167 §3), rather than back through the moments. */
function batchNormTrain(x: tf.Tensor, scale: tf.Tensor, shift: tf.Tensor, epsilon: number): Normalised {
  const count = x.size / scale.size;
  const mean = tf.div(channelSums(x), count);
  const variance = tf.div(channelSums(tf.squaredDifference(x, mean)), count);
  const invStd = tf.rsqrt(tf.add(variance, epsilon));
  const normalise = tf.customGrad((...args) => {
    const [x, scale, shift, save] = args as [tf.Tensor, tf.Tensor, tf.Tensor, tf.GradSaveFunc];
    const normal = tf.mul(tf.sub(x, mean), invStd);
    save([normal, tf.mul(scale, invStd)]);
    return {
      value: tf.add(tf.mul(normal, scale), shift),
      gradFunc(dy: tf.Tensor, [normal, factor]: tf.Tensor[]) {
        const dScale = channelSums(tf.mul(dy, normal!)), dShift = channelSums(dy);
        const along = tf.add(tf.mul(normal!, tf.div(dScale, count)), tf.div(dShift, count));
        return [tf.mul(tf.sub(dy, along), factor!), dScale, dShift];
      },
    };
  });
  return { y: normalise(x, scale, shift), mean, variance };
}
