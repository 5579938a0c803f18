/** tfjs's WebAssembly kernels (XNNPACK), on threads, with those that training needs and tfjs lacks or gets wrong (kernels/wasmReplacements.ts). */
import * as tf from '@tensorflow/tfjs-core';
import '../gradients.ts';
import { BackendWasm, version_wasm } from '@tensorflow/tfjs-backend-wasm';
import { Bug } from '../../base/bug.ts';
import { wasmKernels } from '../kernels/wasmKernels.ts';
import { registerWasmKernels } from '../kernels/wasmReplacements.ts';
import type { Rung } from './rung.ts';
import { startWasm } from './wasmModule.ts';

const backendName = 'wasm';

/** Each op waits for all of them, and what is not a product has one. */
const mostThreads = 8;

/** Kernels keep functions of the module that they were set up for, and with them its memory, which never shrinks: set up for this one, they let go of it. */
const gone = { wasm: { cwrap: () => () => { throw new Bug('a kernel of an engine that is gone'); } } } as unknown as BackendWasm;

export const wasm: Rung = {
  name: 'wasm',
  async start({ wasm: { binary, thread, threads: wanted } }) {
    const threads = Math.min(wanted, mostThreads), module = await startWasm(await binary(), threads, thread);
    if (backendName in tf.engine().registryFactory) tf.removeBackend(backendName); // tfjs's own, or ours of before
    tf.registerBackend(backendName, () => new BackendWasm(module));
    registerWasmKernels();
    await tf.setBackend(backendName);
    return {
      ok: true,
      warnings: [],
      value: {
        title: `WebAssembly (tfjs ${version_wasm})`, device: 'cpu', threads, kernels: wasmKernels,
        dispose: () => {
          tf.removeBackend(backendName);
          for (const { setupFunc } of tf.getKernelsForBackend(backendName)) setupFunc?.(gone);
          module.dispose();
        },
      },
    };
  },
};
