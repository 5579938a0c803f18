/**
 * Gradients of a depthwise convolution with one filter per channel. Both are missing in the backend; forward and backward,
 * [4, 28, 28, 96] takes a fortieth (filter) and a thirty-fifth (input) of tfjs's JavaScript (`npm run bench -- kernels`). Maps are NHWC.
 */
import * as tf from '@tensorflow/tfjs-core';
import { Bug } from '../../base/bug.ts';
import { mirrored, padOrCut, spreadForInput } from './wasmConvGradients.ts';

type Map4 = [number, number, number, number];

/** dy [batch, outHeight, outWidth, channels], filter [height, width, channels, 1] → the shape of x, as a forward depthwise convolution. */
export const depthwiseInputGradient: tf.KernelFunc = ({ inputs, attrs }) => tf.tidy(() => {
  const dy = inputs['dy'] as tf.Tensor4D, filter = inputs['filter'] as tf.Tensor4D;
  const info = infoOf(attrs, attrs!['inputShape'] as Map4, filter.shape);
  return tf.depthwiseConv2d(spreadForInput(dy, info), mirrored(filter), 1, 'valid');
});

/**
 * x [batch, height, width, channels], dy [batch, outHeight, outWidth, channels] → [filterHeight, filterWidth, channels, 1].
 * dy is the filter that slides over x, spread by the stride; samples lie side by side as channels and are added up at
 * the end. Plain loops over the backend's memory took 0.9 to 1.4 times as long.
 */
export const depthwiseFilterGradient: tf.KernelFunc = ({ inputs, attrs }) => tf.tidy(() => {
  const x = inputs['x'] as tf.Tensor4D, dy = inputs['dy'] as tf.Tensor4D;
  const { batchSize, inHeight, inWidth, outHeight, outWidth, inChannels, filterHeight, filterWidth, strideHeight, strideWidth, padInfo: { top, left }, filterShape } =
    infoOf(attrs, x.shape, attrs!['filterShape'] as Map4);
  const width = batchSize * inChannels;
  const sideBySide = (map: tf.Tensor4D): tf.Tensor => tf.transpose(map, [1, 2, 0, 3]);
  const images = tf.reshape<tf.Rank.R4>(sideBySide(x), [1, inHeight, inWidth, width]);
  const bottom = filterHeight + (outHeight - 1) * strideHeight - inHeight - top, right = filterWidth + (outWidth - 1) * strideWidth - inWidth - left;
  const filter = tf.reshape<tf.Rank.R4>(sideBySide(dy), [outHeight, outWidth, width, 1]);
  const slid = tf.depthwiseConv2d(padOrCut(images, top, bottom, left, right), filter, 1, 'valid', 'NHWC', [strideHeight, strideWidth]);
  return tf.reshape(tf.sum(tf.reshape(slid, [filterHeight * filterWidth, batchSize, inChannels]), 1), filterShape);
});

function infoOf(attributes: tf.NamedAttrMap | undefined, xShape: Map4, filterShape: Map4): tf.backend_util.Conv2DInfo {
  if (filterShape[3] !== 1) throw new Bug(`a depthwise gradient for ${filterShape[3]} filters per channel`);
  return tf.backend_util.computeConv2DInfo(
    xShape, filterShape, attributes!['strides'] as [number, number], 1, attributes!['pad'] as 'same' | 'valid', undefined, true);
}
