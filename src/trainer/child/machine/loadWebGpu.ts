import type { Checked } from '../../../protocol/diagnostic.ts';
import type { WebGpuModule } from '../../../engine/rungs/rung.ts';

/** Dawn, from the npm package `webgpu` where it lies beside Thaw; or why there is none. */
export async function loadWebGpu(load: () => Promise<unknown> = () => import('webgpu'), electron: string | undefined = process.versions['electron']): Promise<Checked<WebGpuModule>> {
  if (electron !== undefined) {
    return missing('WebGPU needs a Node of its own: its memory lies outside of V8\'s, which the editor\'s Node forbids', 'install Node 20 or later, or set thaw.node.path to one');
  }
  try {
    return { ok: true, value: await load() as WebGpuModule, warnings: [] };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code === 'ERR_MODULE_NOT_FOUND'
      ? missing('WebGPU is not part of this build of Thaw', 'the other engines work here')
      : missing(`WebGPU cannot be loaded: ${message.split('\n')[0]!}`, 'the other engines work here');
  }
}

const missing = (message: string, fix: string): Checked<never> => ({ ok: false, errors: [{ code: 'engine-missing', severity: 'error', message, fix }], warnings: [] });
