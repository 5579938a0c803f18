/**
 * What training needs of the WebAssembly backend and tfjs 4.22 does not have, or has wrong. Each kernel is composed of
 * the backend's own fast ones where that is possible; it is found by tfjs under the name of the one it stands for.
 * Checked against plain JavaScript: test/parity/engine/kernels.test.ts.
 */
import * as tf from '@tensorflow/tfjs-core';
import { convFilterGradient, convInputGradient } from './wasmConvGradients.ts';
import { depthwiseFilterGradient, depthwiseInputGradient } from './wasmDepthwiseGradients.ts';
import { batchMatMul } from './wasmMatMul.ts';
import { maxPoolGradient } from './wasmMaxPoolGradient.ts';
import { segmentSum } from './wasmSegmentSum.ts';

/** [kernel, ours, why]. */
const replacements: readonly (readonly [name: string, kernel: tf.KernelFunc | undefined, why: 'missing' | 'slow' | 'wrong'])[] = [
  ['Conv2DBackpropFilter', convFilterGradient, 'missing'],
  ['DepthwiseConv2dNativeBackpropFilter', depthwiseFilterGradient, 'missing'],
  ['DepthwiseConv2dNativeBackpropInput', depthwiseInputGradient, 'missing'],
  ['Conv2DBackpropInput', convInputGradient, 'slow'],
  ['MaxPoolGrad', maxPoolGradient, 'wrong'],
  ['BatchMatMul', batchMatMul, 'slow'],
  ['UnsortedSegmentSum', segmentSum, 'missing'],
  ['_FusedMatMul', undefined, 'wrong'], // in batches and transposes; nothing here fuses, and whoever begins to is to hear of it
];

let registered = false;

/** Puts them in place, once per process. */
export function registerWasmKernels(): void {
  if (registered) return;
  registered = true;
  for (const [kernelName, kernelFunc, why] of replacements) {
    const old = why === 'missing' ? undefined : tf.getKernel(kernelName, 'wasm');
    if (old) tf.unregisterKernel(kernelName, 'wasm');
    if (kernelFunc) tf.registerKernel({ ...old, kernelName, backendName: 'wasm', kernelFunc });
  }
}
