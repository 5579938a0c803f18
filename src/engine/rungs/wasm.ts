/**
 * tfjs's WebAssembly kernels (XNNPACK) with those that training needs and tfjs lacks or gets wrong (kernels/wasmReplacements.ts).
 * The module is made here rather than by tfjs's own factory, which takes paths, not bytes.
 */
import * as tf from '@tensorflow/tfjs-core';
import '../gradients.ts';
import { BackendWasm, version_wasm } from '@tensorflow/tfjs-backend-wasm';
import * as simdModule from '@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm.js';
import { Bug } from '../../base/bug.ts';
import { wasmKernels } from '../kernels/wasmKernels.ts';
import { registerWasmKernels } from '../kernels/wasmReplacements.ts';
import type { Rung } from './rung.ts';

/** The binaries of @tensorflow/tfjs-backend-wasm. */
export interface WasmFiles {
  read(name: 'tfjs-backend-wasm-simd.wasm'): Promise<Uint8Array>;
}

const backendName = 'wasm';

/** Kernels keep functions of the module that they were set up for, and with them its memory, which never shrinks: set up for this one, they let go of it. */
const gone = { wasm: { cwrap: () => () => { throw new Bug('a kernel of an engine that is gone'); } } } as unknown as BackendWasm;

export const wasm: Rung = {
  name: 'wasm',
  async start({ wasm: files }) {
    const module = await moduleOf(await files.read('tfjs-backend-wasm-simd.wasm'));
    if (backendName in tf.engine().registryFactory) tf.removeBackend(backendName); // tfjs's own, or ours of before
    tf.registerBackend(backendName, () => new BackendWasm(module));
    registerWasmKernels();
    await tf.setBackend(backendName);
    return {
      ok: true,
      warnings: [],
      value: {
        title: `WebAssembly (tfjs ${version_wasm})`, device: 'cpu', threads: 1, kernels: wasmKernels,
        dispose: () => {
          tf.removeBackend(backendName);
          for (const { setupFunc } of tf.getKernelsForBackend(backendName)) setupFunc?.(gone);
        },
      },
    };
  },
};

/** Emscripten's. */
export type Module = BackendWasm['wasm'] & { cwrap(name: string, result: 'number' | null, parameters: readonly ('number' | 'array')[]): unknown };

/** Emscripten's module with the calls that BackendWasm expects on it. */
async function moduleOf(wasmBinary: Uint8Array): Promise<Module> {
  const module = await create({ wasmBinary });
  const { cwrap } = module;
  module.tfjs = {
    init: cwrap('init', null, []),
    initWithThreadsCount: cwrap('init_with_threads_count', null, ['number']),
    getThreadsCount: cwrap('get_threads_count', 'number', []),
    registerTensor: cwrap('register_tensor', null, ['number', 'number', 'number']),
    disposeData: cwrap('dispose_data', null, ['number']),
    dispose: cwrap('dispose', null, []),
  } as Module['tfjs'];
  return module;
}

/** The typings call it an ES default export; the file is CommonJS. */
const create = (simdModule as unknown as { default: (settings: { wasmBinary: Uint8Array }) => Promise<Module> }).default;
