/**
 * Kernels on WebAssembly: the portable ones, but for the gradients of the rectifiers. tfjs masks those with comparisons
 * against a scalar, which the backend broadcasts element by element: that took a seventh of a training step.
 */
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { portable, type Kernels } from '../kernels.ts';
import { ownOp } from './ownOp.ts';

const relu = rectifier('ThawWasmRelu', (x) => tf.relu(x), Infinity);
const relu6 = rectifier('ThawWasmRelu6', (x) => tf.relu6(x), 6);

export const wasmKernels: Kernels = { ...portable, relu: (x) => relu({ x }, {})[0]!, relu6: (x) => relu6({ x }, {})[0]! };

function rectifier(name: string, forward: (x: tf.Tensor) => tf.Tensor, limit: number): ReturnType<typeof ownOp> {
  return ownOp({
    name, backendName: 'wasm',
    forward: ({ x }) => [forward(x!)],
    keepOutputs: [true],
    backward: ([dy], [y]) => ({ x: () => passWhereBetween(dy!, y!, limit) }),
  });
}

/** dy where 0 < y < limit, else 0. */
function passWhereBetween(dy: tf.Tensor, y: tf.Tensor, limit: number): tf.Tensor {
  const wasm = tf.backend() as BackendWasm;
  const made = wasm.makeOutput(dy.shape, 'float32');
  // Views last: making a tensor may move the memory.
  const [from, outputs, to] = [dy, y, made].map((tensor) => wasm.typedArrayFromHeap(tensor)) as [Float32Array, Float32Array, Float32Array];
  for (let i = 0; i < to.length; i++) to[i] = outputs[i]! > 0 && outputs[i]! < limit ? from[i]! : 0;
  return tf.engine().makeTensorFromTensorInfo(made);
}
