/** Activations composed of tfjs's ops, for engines without a way of their own. */
import * as tf from '@tensorflow/tfjs-core';
import type { Activation } from '../../backbones/op.ts';

export const activations: Readonly<Record<Activation, (x: tf.Tensor) => tf.Tensor>> = {
  silu: (x) => tf.mul(x, tf.sigmoid(x)),
  hardSwish: (x) => tf.mul(x, hardSigmoid(x)),
  hardSigmoid,
  sigmoid: (x) => tf.sigmoid(x),
  tanh: (x) => tf.tanh(x),
};

function hardSigmoid(x: tf.Tensor): tf.Tensor {
  return tf.div(tf.relu6(tf.add(x, 3)), 6);
}
