import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';

/**
 * Replaces MaxPoolGrad, which finds no largest value in a window of negative ones, so that their gradient is lost.
 * dy goes to the first largest value of each window, as in TensorFlow.
 */
export const maxPoolGradient: tf.KernelFunc = ({ inputs, attrs, backend }) => {
  const x = inputs['input'] as tf.Tensor4D, dy = inputs['dy'] as tf.Tensor4D;
  const { filterSize, strides, pad } = attrs as unknown as { filterSize: number; strides: number; pad: 'same' | 'valid' };
  const wasm = backend as BackendWasm;
  const dx = wasm.makeOutput(x.shape, 'float32');
  const info = tf.backend_util.computePool2DInfo(x.shape, filterSize, strides, 1, pad);
  // Views last: making a tensor may move the memory.
  scatter(wasm.typedArrayFromHeap(x) as Float32Array, wasm.typedArrayFromHeap(dy) as Float32Array, wasm.typedArrayFromHeap(dx) as Float32Array, info);
  return dx;
};

function scatter(x: Float32Array, dy: Float32Array, dx: Float32Array, info: tf.backend_util.Conv2DInfo): void {
  const { batchSize, outHeight, outWidth, inChannels: channels } = info;
  const largestAt = new Int32Array(channels);
  dx.fill(0);
  for (let n = 0; n < batchSize; n++) {
    for (let i = 0; i < outHeight; i++) {
      for (let j = 0; j < outWidth; j++) {
        findLargest(x, n, i, j, info, largestAt);
        const yAt = ((n * outHeight + i) * outWidth + j) * channels;
        for (let c = 0; c < channels; c++) dx[largestAt[c]!]! += dy[yAt + c]!;
      }
    }
  }
}

/** Index into x of the first largest value of window (i, j), per channel. */
function findLargest(x: Float32Array, n: number, i: number, j: number, info: tf.backend_util.Conv2DInfo, largestAt: Int32Array): void {
  const { inHeight, inWidth, inChannels: channels, filterHeight, filterWidth, strideHeight, strideWidth, padInfo: { top, left } } = info;
  largestAt.fill(-1);
  for (let row = Math.max(0, i * strideHeight - top); row < Math.min(inHeight, i * strideHeight - top + filterHeight); row++) {
    for (let column = Math.max(0, j * strideWidth - left); column < Math.min(inWidth, j * strideWidth - left + filterWidth); column++) {
      const at = ((n * inHeight + row) * inWidth + column) * channels;
      for (let c = 0; c < channels; c++) {
        if (largestAt[c]! < 0 || x[at + c]! > x[largestAt[c]!]!) largestAt[c] = at + c;
      }
    }
  }
}
