import type { TFJSBinding } from '@tensorflow/tfjs-node-gpu/dist/tfjs_binding.js';
import type { Disposable } from '../../base/owner.ts';
import type { Checked } from '../../protocol/diagnostic.ts';
import type { EngineFacts } from '../../protocol/runEvent.ts';
import type { Kernels } from '../kernels.ts';

/** One way to compute: a tfjs backend with the kernels that train on it. At most one is current in a process. */
export interface Rung {
  readonly name: EngineFacts['name'];
  /** Makes its backend the current one. What the user can mend (not installed, cannot load) comes back as diagnostics. */
  start(resources: EngineResources): Promise<Checked<StartedRung>>;
}

/** What rungs need of the machine, handed in by the roots. */
export interface EngineResources {
  /** Loads the native library; called only when that rung is tried, for it takes a second. */
  readonly loadTensorFlow: () => Checked<TensorFlowBinding>;
  readonly wasm: WasmFiles;
  readonly loadWebGpu: () => Promise<Checked<WebGpuModule>>;
  /** Processor cores that this process may use. */
  readonly cores: number;
  /** The rung was asked for by name: it may then use what is right but slow. */
  readonly asked?: boolean;
}

export type TensorFlowBinding = TFJSBinding;

export interface WasmFiles {
  /** tfjs-backend-wasm-threaded-simd.wasm of @tensorflow/tfjs-backend-wasm. */
  readonly binary: () => Promise<Uint8Array>;
  /** wasmThread.ts, bundled. */
  readonly thread: URL;
  /** For products; 8 at most are started. */
  readonly threads: number;
}

/** What the npm package `webgpu` exports. */
export interface WebGpuModule {
  create(options: string[]): GPU;
  /** GPUBufferUsage and the like, which tfjs looks for in the global scope. */
  readonly globals: Readonly<Record<string, unknown>>;
}

/** Disposing it frees the backend and all that lives on it. */
export interface StartedRung extends Disposable {
  /** "TensorFlow 2.21.0". */
  readonly title: string;
  readonly device: EngineFacts['device'];
  readonly threads: number;
  readonly kernels: Kernels;
}
