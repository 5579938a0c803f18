import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EngineFacts } from '../../protocol/runEvent.ts';
import type { Machine } from './machine.ts';
import type { Rates } from '../../backbones/cost.ts';
import { atomicWrite } from '../../runs/atomicWrite.ts';
import { fields, number, parsed } from '../../protocol/shape.ts';
import { formatJson } from '../../protocol/jsonText.ts';

/** Speed of the training engine and of the frozen prefix on this machine, as runs found them: what predictions rest on. */
const guard = fields<Rates>({ prefixFlopsPerSecond: number, stepFlopsPerSecond: number, decodedImagesPerSecond: number, stepOverheadMs: number });

/** Before anything was measured: two cores of an ordinary laptop, scaled by the cores there are (docs/benchmarks.md). */
function assumed(engine: EngineFacts['name'], threads: number): Rates {
  const scale = threads / 2;
  return {
    prefixFlopsPerSecond: 90e9 * scale,
    stepFlopsPerSecond: (engine === 'wasm' ? 4e9 : 22e9) * scale,
    decodedImagesPerSecond: 350 * scale,
    stepOverheadMs: 4,
  };
}

/** Measured where a run has been, assumed elsewhere. */
export function readRates(machine: Machine, engine: EngineFacts['name']): Rates {
  const fallback = assumed(engine, machine.threads);
  try {
    const read = parsed(guard, { ...fallback, ...JSON.parse(readFileSync(fileOf(machine, engine), 'utf8')) as object });
    return read.ok ? read.value : fallback;
  } catch {
    return fallback; // never measured, or damaged: the next run measures again
  }
}

/** Half of the old, half of the new: one disturbed run does not spoil it. Not being able to keep it spoils nothing. */
export function learnRates(machine: Machine, engine: EngineFacts['name'], measured: Partial<Rates>): void {
  const old = readRates(machine, engine);
  const mixed = Object.fromEntries(Object.entries(measured).filter(([, value]) => Number.isFinite(value) && value > 0)
    .map(([name, value]) => [name, (old[name as keyof Rates] + value) / 2]));
  try {
    mkdirSync(machine.cache, { recursive: true });
    atomicWrite(fileOf(machine, engine), formatJson({ ...old, ...mixed }, 2));
  } catch {
    // a cache folder that cannot be written: predictions stay as they are
  }
}

const fileOf = ({ cache, threads }: Machine, engine: string): string => join(cache, `rates-${engine}-${threads}.json`);
