import type { Disposable } from '../../base/owner.ts';
import type { Checked } from '../../protocol/diagnostic.ts';
import type { EngineFacts } from '../../protocol/runEvent.ts';
import type { Kernels } from '../kernels.ts';
import type { TensorFlowBinding } from './tensorflow.ts';
import type { WasmFiles } from './wasm.ts';
import type { WebGpuModule } from './webgpu.ts';

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

/** Disposing it frees the backend and all that lives on it. */
export interface StartedRung extends Disposable {
  /** "TensorFlow 2.21.0". */
  readonly title: string;
  readonly device: EngineFacts['device'];
  readonly threads: number;
  readonly kernels: Kernels;
}
