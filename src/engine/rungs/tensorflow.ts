/**
 * TensorFlow's own kernels under tfjs: the JavaScript of @tensorflow/tfjs-node-gpu over a binding that
 * trainer/native loads. Its index.js is not used: that looks for a prebuilt binding over TensorFlow 2.9.
 */
import util from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import '../gradients.ts';
import { NodeJSKernelBackend } from '@tensorflow/tfjs-node-gpu/dist/nodejs_kernel_backend.js';
import '@tensorflow/tfjs-node-gpu/dist/register_all_kernels.js';
import { replaceMaxPoolGradient } from '../kernels/tensorflowMaxPoolGradient.ts';
import { tensorflowKernels } from '../kernels/tensorflow.ts';
import type { Rung } from './rung.ts';

const backendName = 'tensorflow';

export const tensorflow: Rung = {
  name: 'tensorflow',
  async start({ loadTensorFlow, cores }) {
    const loaded = loadTensorFlow();
    if (!loaded.ok) return loaded;
    const binding = loaded.value;
    restoreIsNullOrUndefined();
    tf.registerBackend(backendName, () => new NodeJSKernelBackend(binding, 'thaw'));
    await tf.setBackend(backendName);
    const device = binding.isUsingGpuDevice() ? 'gpu' : 'cpu';
    if (device === 'cpu') replaceMaxPoolGradient();
    return {
      ok: true,
      warnings: loaded.warnings,
      value: {
        title: `TensorFlow ${binding.TF_Version}`,
        device,
        threads: cores, // its own default: one intra-op thread per core that the process may use
        kernels: tensorflowKernels(device),
        dispose: () => tf.removeBackend(backendName),
      },
    };
  },
};

/** tfjs-node calls it; Node 23 dropped it. */
function restoreIsNullOrUndefined(): void {
  const old = util as { isNullOrUndefined?: (value: unknown) => boolean };
  old.isNullOrUndefined ??= (value) => value === null || value === undefined;
}
