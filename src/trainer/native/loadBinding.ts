import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, readFileSync, renameSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { presetEnvironment } from '../../base/environment.ts';
import type { Checked, Diagnostic } from '../../protocol/diagnostic.ts';
import { thisPlatform, type InstalledEngine } from './engineCache.ts';

/**
 * Loads our binding over an installed engine; takes about a second. The binding looks for the library in its own
 * folder, so a copy is put there, with its hash in the name: two versions of Thaw may share one engine.
 * `bindings`: folder with one binding per platform. The value is what @tensorflow/tfjs-node-gpu calls TFJSBinding.
 */
export function loadBinding(engine: InstalledEngine | undefined, bindings: string): Checked<unknown> {
  if (!engine) return refused('engine-missing', 'TensorFlow is not installed', 'run `thaw engine install`');
  const shipped = join(bindings, thisPlatform, 'tfjs_binding.node');
  if (!existsSync(shipped)) return refused('engine-missing', `this build of Thaw has no binding to TensorFlow for ${thisPlatform}`, 'the built-in engine works here');
  if (lacksAvx()) return refused('engine-missing', 'TensorFlow needs a processor with AVX', 'the built-in engine works here');
  presetEnvironment('TF_CPP_MIN_LOG_LEVEL', '2'); // errors only, not the processor's features
  try {
    return { ok: true, value: createRequire(import.meta.url)(besideLibrary(shipped, engine.folder)), warnings: [] };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return refused('engine-failed', `TensorFlow ${engine.tensorflow} cannot be loaded: ${reason}`, 'run `thaw engine remove`, then `thaw engine install`');
  }
}

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

/** Without AVX the library would end the process as it is loaded. Only Linux tells; every x64 Mac and Windows 11 machine has it. */
function lacksAvx(): boolean {
  if (thisPlatform !== 'linux-x64') return false;
  const flags = /^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1];
  return flags !== undefined && !flags.split(' ').includes('avx');
}

const refused = (code: Diagnostic['code'], message: string, fix: string): Checked<never> =>
  ({ ok: false, errors: [{ code, severity: 'error', message, fix }], warnings: [] });
