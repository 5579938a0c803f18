import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { EngineFacts } from '../../protocol/runEvent.ts';
import type { Kernels } from '../../engine/kernels.ts';
import type { Machine } from './machine.ts';
import { wasm } from '../../engine/rungs/wasm.ts';
import { valueOf } from './dataset.ts';

export interface Engine { readonly kernels: Kernels; readonly facts: EngineFacts }

export async function openEngine(machine: Machine, _pinned: EngineFacts['name'] | undefined): Promise<Engine> {
  const started = valueOf(await wasm.start({
    loadTensorFlow: () => ({ ok: false, errors: [], warnings: [] }),
    wasm: { read: (name) => readFile(join(machine.wasm, name)) }, cores: machine.threads,
  }));
  return { kernels: started.kernels, facts: { name: 'wasm', title: started.title, device: started.device, threads: started.threads, node: process.version, why: 'crude', tried: [] } };
}

export const isEngineInstalled = (_machine: Machine): Promise<boolean> => Promise.resolve(false);

/** What `thaw doctor` shows. */
export const diagnoseEngines = async (machine: Machine): Promise<EngineFacts> => (await openEngine(machine, undefined)).facts;
