import * as tf from '@tensorflow/tfjs-core';
import { channelSums } from './channelSums.ts';

/** The gradient in closed form, as batch norm's but along the last axis, rather than back through the moments. */
export function layerNorm(x: tf.Tensor, scale: tf.Tensor, shift: tf.Tensor, epsilon: number): tf.Tensor {
  const normalise = tf.customGrad((...args) => {
    const [x, scale, shift, save] = args as [tf.Tensor, tf.Tensor, tf.Tensor, tf.GradSaveFunc];
    const centred = tf.sub(x, tf.mean(x, -1, true));
    const invStd = tf.rsqrt(tf.add(tf.mean(tf.square(centred), -1, true), epsilon));
    const normal = tf.mul(centred, invStd);
    save([normal, invStd, scale]);
    return {
      value: tf.add(tf.mul(normal, scale), shift),
      gradFunc(dy: tf.Tensor, [normal, invStd, scale]: tf.Tensor[]) {
        const dNormal = tf.mul(dy, scale!);
        const along = tf.add(tf.mul(normal!, tf.mean(tf.mul(dNormal, normal!), -1, true)), tf.mean(dNormal, -1, true));
        return [tf.mul(tf.sub(dNormal, along), invStd!), channelSums(tf.mul(dy, normal!)), channelSums(dy)];
      },
    };
  });
  return normalise(x, scale, shift);
}
