import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import type * as tf from '@tensorflow/tfjs-core';

/**
 * Stands in for UnsortedSegmentSum, which is missing: the gradient of a table whose rows were gathered.
 * x: [rows, ...], segmentIds: int32 [rows] → [numSegments, ...]; rows whose id lies outside add nothing, as in TensorFlow.
 */
export const segmentSum: tf.KernelFunc = ({ inputs, attrs, backend }) => {
  const x = inputs['x']!, segmentIds = inputs['segmentIds']!, wasm = backend as BackendWasm;
  const { numSegments } = attrs as unknown as { numSegments: number };
  const sums = wasm.makeOutput([numSegments, ...x.shape.slice(1)], 'float32');
  // Views last: making a tensor may move the memory.
  const [from, to] = [x, sums].map((tensor) => wasm.typedArrayFromHeap(tensor)) as [Float32Array, Float32Array];
  const ids = wasm.typedArrayFromHeap(segmentIds) as Int32Array, width = from.length / ids.length;
  to.fill(0);
  for (const [row, id] of ids.entries()) {
    if (id < 0 || id >= numSegments) continue;
    for (let i = 0; i < width; i++) to[id * width + i]! += from[row * width + i]!;
  }
  return sums;
};
