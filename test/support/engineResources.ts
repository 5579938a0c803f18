/** What rungs need, from this repository and this user's cache. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { userCacheFolder } from '../../src/base/environment.ts';
import type { EngineResources, TensorFlowBinding } from '../../src/engine/rungs/rung.ts';
import { installedEngine } from '../../src/trainer/native/engineCache.ts';
import { loadWebGpu } from '../../src/trainer/child/machine/loadWebGpu.ts';
import { loadBinding } from '../../src/trainer/native/loadBinding.ts';
import type { Checked } from '../../src/protocol/diagnostic.ts';
import { repoRoot } from './root.ts';

const engine = await installedEngine({ cacheDir: userCacheFolder() });

export const engineResources: EngineResources = {
  loadTensorFlow: () => loadBinding(engine, join(repoRoot, 'dist', 'binding')) as Checked<TensorFlowBinding>,
  wasm: {
      binary: () => readFile(join(repoRoot, 'node_modules', '@tensorflow', 'tfjs-backend-wasm', 'dist', 'tfjs-backend-wasm-threaded-simd.wasm')),
      thread: new URL('../../src/engine/rungs/wasmThread.js', import.meta.url),
      threads: 1, // most networks of the tests are too small for more: wasm.test.ts shows that the results are the same
    },
  loadWebGpu: () => loadWebGpu(),
  cores: 2,
};

const loaded = engineResources.loadTensorFlow();

/** Why tests on TensorFlow are skipped, or false. */
export const noTensorFlow: string | false = loaded.ok ? false : loaded.errors.map(({ message }) => message).join('; ');
