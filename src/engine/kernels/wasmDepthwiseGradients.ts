/** Gradients of a depthwise convolution with one filter per channel. Both are missing in the backend. Maps are NHWC. */
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { Bug } from '../../base/bug.ts';
import { spreadForInput } from './wasmConvGradients.ts';

type Map4 = [number, number, number, number];

/** dy [batch, outHeight, outWidth, channels], filter [height, width, channels, 1] → the shape of x, as a forward depthwise convolution. */
export const depthwiseInputGradient: tf.KernelFunc = ({ inputs, attrs }) => tf.tidy(() => {
  const dy = inputs['dy'] as tf.Tensor4D, filter = inputs['filter'] as tf.Tensor4D;
  const info = infoOf(attrs, attrs!['inputShape'] as Map4, filter.shape);
  return tf.depthwiseConv2d(spreadForInput(dy, info), tf.reverse(filter, [0, 1]), 1, 'valid');
});

/**
 * x [batch, height, width, channels], dy [batch, outHeight, outWidth, channels] → [filterHeight, filterWidth, channels, 1].
 * A sum of products over the batch for each tap of the filter: loops, straight on the backend's memory.
 */
export const depthwiseFilterGradient: tf.KernelFunc = ({ inputs, attrs, backend }) => {
  const x = inputs['x'] as tf.Tensor4D, dy = inputs['dy'] as tf.Tensor4D;
  const wasm = backend as BackendWasm;
  const info = infoOf(attrs, x.shape, attrs!['filterShape'] as Map4);
  const dFilter = wasm.makeOutput(info.filterShape, 'float32');
  // Views last: making a tensor may move the memory.
  sumTaps(wasm.typedArrayFromHeap(x) as Float32Array, wasm.typedArrayFromHeap(dy) as Float32Array, wasm.typedArrayFromHeap(dFilter) as Float32Array, info);
  return dFilter;
};

function sumTaps(x: Float32Array, dy: Float32Array, dFilter: Float32Array, info: tf.backend_util.Conv2DInfo): void {
  const { batchSize, inHeight, inWidth, inChannels: channels, outHeight, outWidth, filterHeight, filterWidth, strideHeight, strideWidth, padInfo } = info;
  dFilter.fill(0);
  for (let n = 0; n < batchSize; n++) {
    for (let i = 0; i < outHeight; i++) {
      for (let a = 0; a < filterHeight; a++) {
        const row = i * strideHeight + a - padInfo.top;
        if (row < 0 || row >= inHeight) continue;
        for (let j = 0; j < outWidth; j++) {
          const yAt = ((n * outHeight + i) * outWidth + j) * channels;
          for (let b = 0; b < filterWidth; b++) {
            const column = j * strideWidth + b - padInfo.left;
            if (column < 0 || column >= inWidth) continue;
            const xAt = ((n * inHeight + row) * inWidth + column) * channels, tap = (a * filterWidth + b) * channels;
            for (let c = 0; c < channels; c++) dFilter[tap + c]! += x[xAt + c]! * dy[yAt + c]!;
          }
        }
      }
    }
  }
}

function infoOf(attributes: tf.NamedAttrMap | undefined, xShape: Map4, filterShape: Map4): tf.backend_util.Conv2DInfo {
  if (filterShape[3] !== 1) throw new Bug(`a depthwise gradient for ${filterShape[3]} filters per channel`);
  return tf.backend_util.computeConv2DInfo(
    xShape, filterShape, attributes!['strides'] as [number, number], 1, attributes!['pad'] as 'same' | 'valid', undefined, true);
}
