/**
 * Gradients of a convolution, written as forward convolutions: the backend has those from XNNPACK. Maps are NHWC.
 * For 3 × 3 filters (`npm run bench -- kernels`): the input's is 11 times as fast as the backend's own at [8, 56, 56, 32] and
 * stride 1, 2.5 times at [8, 28, 28, 64] and stride 2; the filter's, which the backend lacks, hundreds of times as fast as tfjs's in JavaScript.
 */
import * as tf from '@tensorflow/tfjs-core';

type Map4 = [batch: number, height: number, width: number, channels: number];

/** As tfjs hands them to the gradient kernels. */
interface GradientAttributes {
  readonly strides: number | [number, number];
  readonly pad: 'same' | 'valid';
  readonly inputShape: Map4;
  readonly filterShape: Map4;
}

/**
 * Stands in for Conv2DBackpropFilter, which is missing. x [batch, height, width, in], dy [batch, outHeight, outWidth, out]
 * → [filterHeight, filterWidth, in, out]: batch and channels change places, and dy is the filter that slides over x,
 * spread by the stride.
 */
export const convFilterGradient: tf.KernelFunc = ({ inputs, attrs }) => tf.tidy(() => {
  const x = inputs['x'] as tf.Tensor4D, dy = inputs['dy'] as tf.Tensor4D;
  const { strides, pad, filterShape } = attrs as unknown as GradientAttributes;
  const { padInfo, strideHeight, strideWidth, filterHeight, filterWidth, outHeight, outWidth, inHeight, inWidth, inChannels, outChannels } =
    tf.backend_util.computeConv2DInfo(x.shape, filterShape, strides, 1, pad);
  if (filterHeight === 1 && filterWidth === 1 && strideHeight === 1 && strideWidth === 1) {
    const dFilter = tf.matMul(tf.transpose(tf.reshape(x, [-1, inChannels])), tf.reshape(dy, [-1, outChannels]));
    return tf.reshape(dFilter, filterShape);
  }
  const { top, left } = padInfo;
  const bottom = filterHeight + (outHeight - 1) * strideHeight - inHeight - top;
  const right = filterWidth + (outWidth - 1) * strideWidth - inWidth - left;
  const images = padOrCut(tf.transpose(x, [3, 1, 2, 0]), top, bottom, left, right);
  const slid = tf.conv2d(images, tf.transpose(dy, [1, 2, 0, 3]), 1, 'valid', 'NHWC', [strideHeight, strideWidth]);
  return tf.transpose(slid, [1, 2, 0, 3]);
});

/** Stands in for Conv2DBackpropInput, whose loops are plain: this one runs on XNNPACK. → the shape of x. */
export const convInputGradient: tf.KernelFunc = ({ inputs, attrs }) => tf.tidy(() => {
  const dy = inputs['dy'] as tf.Tensor4D, filter = inputs['filter'] as tf.Tensor4D;
  const { strides, pad, inputShape } = attrs as unknown as GradientAttributes;
  const info = tf.backend_util.computeConv2DInfo(inputShape, filter.shape, strides, 1, pad);
  return tf.conv2d(spreadForInput(dy, info), tf.transpose(mirrored(filter), [0, 1, 3, 2]), 1, 'valid');
});

/** [height, width, ...], both the other way round: whole rows of channels are gathered, where the backend's own reverse moves single values. */
export function mirrored(filter: tf.Tensor4D): tf.Tensor4D {
  const [height, width] = filter.shape, places = height * width;
  if (places === 1) return filter;
  const backwards = tf.tensor1d(Int32Array.from({ length: places }, (_, i) => places - 1 - i), 'int32');
  return tf.reshape(tf.gather(tf.reshape(filter, [places, -1]), backwards), filter.shape);
}

/** dy with the stride's gaps filled by zeros and a border, so that a mirrored filter sliding over it yields x's shape. */
export function spreadForInput(dy: tf.Tensor4D, info: tf.backend_util.Conv2DInfo): tf.Tensor4D {
  const { padInfo, strideHeight, strideWidth, filterHeight, filterWidth, inHeight, inWidth } = info;
  const spread = withGaps(dy, strideHeight, strideWidth);
  const top = filterHeight - 1 - padInfo.top, left = filterWidth - 1 - padInfo.left;
  const [, height, width] = spread.shape;
  return padOrCut(spread, top, inHeight + filterHeight - 1 - top - height, left, inWidth + filterWidth - 1 - left - width);
}

/** Puts strideHeight − 1 rows of zeros behind each row, and columns likewise. */
function withGaps(y: tf.Tensor4D, strideHeight: number, strideWidth: number): tf.Tensor4D {
  if (strideHeight === 1 && strideWidth === 1) return y;
  const [batch, height, width, channels] = y.shape;
  const columns = tf.pad(tf.reshape(y, [batch * height, width, channels]), [[0, 0], [0, 0], [0, channels * (strideWidth - 1)]]);
  const rowLength = width * strideWidth * channels;
  const rows = tf.pad(tf.reshape(columns, [batch, height, rowLength]), [[0, 0], [0, 0], [0, rowLength * (strideHeight - 1)]]);
  return tf.reshape(rows, [batch, height * strideHeight, width * strideWidth, channels]);
}

/** Zeros around the map; negative widths cut it instead. */
export function padOrCut(map: tf.Tensor4D, top: number, bottom: number, left: number, right: number): tf.Tensor4D {
  const [batch, height, width, channels] = map.shape;
  const cut = (n: number): number => Math.max(0, -n), pad = (n: number): number => Math.max(0, n);
  const kept = Math.min(top, bottom, left, right) >= 0 ? map
    : tf.slice(map, [0, cut(top), cut(left), 0], [batch, height - cut(top) - cut(bottom), width - cut(left) - cut(right), channels]);
  return tf.pad(kept, [[0, 0], [pad(top), pad(bottom)], [pad(left), pad(right)], [0, 0]]);
}
