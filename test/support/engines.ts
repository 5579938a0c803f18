/** The engines that train, from this repository and this user's cache, for tests that run on each of them. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { userCacheFolder } from '../../src/base/environment.ts';
import type { EngineResources, Rung, StartedRung, TensorFlowBinding } from '../../src/engine/rungs/rung.ts';
import type { Checked } from '../../src/protocol/diagnostic.ts';
import { installedEngine } from '../../src/trainer/native/engineCache.ts';
import { loadWebGpu } from '../../src/trainer/child/machine/loadWebGpu.ts';
import { loadBinding } from '../../src/trainer/native/loadBinding.ts';
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

/** The rung, started and current, or why this machine cannot: the name under which its tests are skipped. */
export async function startEngine(rung: Rung): Promise<{ readonly started: StartedRung } | { readonly skip: string }> {
  const result = await rung.start({ ...engineResources, asked: true });
  return result.ok ? { started: result.value } : { skip: result.errors.map(({ message }) => message).join('; ') };
}
