import { createHash } from 'node:crypto';
import { closeSync, copyFileSync, existsSync, openSync, readFileSync, readSync, renameSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { presetEnvironment } from '../../base/environment.ts';
import type { Checked, Diagnostic } from '../../protocol/diagnostic.ts';
import { thisPlatform, type InstalledEngine } from './engineCache.ts';
import { loadProblem } from './loadProblems.ts';
import { platformOf } from './objectFile.ts';

/** Node-API that our binding is compiled for (scripts/buildBinding.mjs). */
export const bindingNodeApi = 8;

/**
 * Loads our binding over an installed engine; takes about a second. The binding looks for the library in its own
 * folder, so a copy is put there, with its hash in the name: two versions of Thaw may share one engine.
 * `bindings`: folder with one binding per platform; where it has none, the one that came in an engine pack serves.
 * The value is what @tensorflow/tfjs-node-gpu calls TFJSBinding.
 */
export function loadBinding(engine: InstalledEngine | undefined, bindings: string): Checked<unknown> {
  if (!engine) return refused('engine-missing', 'TensorFlow is not installed', 'run `thaw engine install`');
  const binding = [shippedBinding(bindings), join(engine.folder, 'tfjs_binding.node')].find((path) => existsSync(path));
  if (binding === undefined) return refused('engine-missing', `this build of Thaw has no binding to TensorFlow for ${thisPlatform}`, `use the package of Thaw for ${thisPlatform}, or an engine pack, which brings a binding`);
  const built = platformOf(startOf(binding));
  if (built !== thisPlatform) return refused('engine-failed', `the binding to TensorFlow is ${built === undefined ? 'no program for any machine' : `built for ${built}`}, and this is ${thisPlatform}`, `use the package of Thaw for ${thisPlatform}`);
  const nodeApi = Number(process.versions['napi'] ?? 0);
  if (nodeApi < bindingNodeApi) return refused('engine-failed', `the binding to TensorFlow needs Node-API ${bindingNodeApi}; Node ${process.version} has ${nodeApi}`, 'use Node 20 or later (setting thaw.node.path)');
  if (lacksAvx()) return refused('engine-missing', 'TensorFlow needs a processor with AVX', 'the built-in engine works here');
  presetEnvironment('TF_CPP_MIN_LOG_LEVEL', '2'); // errors only, not the processor's features
  presetEnvironment('TF_ENABLE_ONEDNN_OPTS', '1'); // off by default before AVX-512 VNNI, where it is as good: 3 × 3 convolutions 1.1–1.4 × as fast on AVX2
  try {
    const value: unknown = createRequire(import.meta.url)(besideLibrary(binding, engine.library));
    const found = (value as { readonly TF_Version?: unknown }).TF_Version;
    if (found === engine.tensorflow) return { ok: true, value, warnings: [] };
    return refused('engine-failed', `the library in ${engine.library} says that it is TensorFlow ${String(found)}, not ${engine.tensorflow}`, reinstall);
  } catch (error) {
    const { message, fix } = loadProblem(error instanceof Error ? error.message : String(error));
    return refused('engine-failed', `TensorFlow ${engine.tensorflow} cannot be loaded: ${message}`, fix ?? reinstall);
  }
}

const shippedBinding = (bindings: string): string => join(bindings, thisPlatform, 'tfjs_binding.node');

/** Whether this build of Thaw can use an engine that comes without a binding. */
export const hasBinding = (bindings: string): boolean => existsSync(shippedBinding(bindings));

const reinstall = 'run `thaw engine remove`, then `thaw engine install`';

function besideLibrary(shipped: string, folder: string): string {
  const hash = createHash('sha256').update(readFileSync(shipped)).digest('hex').slice(0, 12);
  const target = join(folder, `tfjs_binding-${hash}.node`);
  if (!existsSync(target)) {
    const fresh = `${target}.${process.pid}`; // nobody may load half a file
    copyFileSync(shipped, fresh);
    renameSync(fresh, target);
  }
  return target;
}

function startOf(path: string): Buffer {
  const start = Buffer.alloc(4096), file = openSync(path, 'r');
  try {
    return start.subarray(0, readSync(file, start));
  } finally {
    closeSync(file);
  }
}

/** Without AVX the library would end the process as it is loaded. Only Linux tells; every x64 Windows 11 machine has it. */
function lacksAvx(): boolean {
  if (thisPlatform !== 'linux-x64') return false;
  const flags = /^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1];
  return flags !== undefined && !flags.split(' ').includes('avx');
}

const refused = (code: Diagnostic['code'], message: string, fix: string): Checked<never> =>
  ({ ok: false, errors: [{ code, severity: 'error', message, fix }], warnings: [] });
