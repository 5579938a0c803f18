/**
 * ReLU and ReLU6 whose gradient is told from the output, which the layer behind keeps anyway; tfjs's keeps the input too:
 * 38 MB per image of ResNet-50, 25 of EfficientNet-Lite0 (by the shapes of their maps), which nothing else needs.
 */
import * as tf from '@tensorflow/tfjs-core';
import { ownOp } from './ownOp.ts';

const rectified = ownOp({
  name: 'ThawRectified',
  forward: ({ x }) => [tf.relu(x!)],
  keepOutputs: [true],
  backward: ([dy], [y]) => ({ x: () => tf.mul(dy!, tf.cast(tf.greater(y!, 0), 'float32')) }),
});

const clipped = ownOp({
  name: 'ThawRectified6',
  forward: ({ x }) => [tf.relu6(x!)],
  keepOutputs: [true],
  backward: ([dy], [y]) => ({ x: () => tf.mul(dy!, tf.cast(tf.logicalAnd(tf.greater(y!, 0), tf.less(y!, 6)), 'float32')) }),
});

export const relu = (x: tf.Tensor): tf.Tensor => rectified({ x }, {})[0]!;
export const relu6 = (x: tf.Tensor): tf.Tensor => clipped({ x }, {})[0]!;
