import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EngineFacts } from '../../../protocol/runEvent.ts';
import type { Kernels } from '../../../engine/kernels.ts';
import type { Machine } from './machine.ts';
import type { PassRates, Rates } from '../../../protocol/answers.ts';
import { atomicWrite } from '../../../runs/atomicWrite.ts';
import { calibrateEngine, calibratePrefix } from '../../../engine/calibrate.ts';
import { formatJson } from '../../../protocol/jsonText.ts';
import { openPrefix, type Prefix } from '../../../engine/onnxPrefix.ts';
import { parseRates } from '../../../protocol/guards.ts';
import { valueOf } from '../photos/dataset.ts';

/** Prices of this machine and engine. `measured`: by calibration, by this Thaw; otherwise assumed, and mended by runs. */
export interface KnownRates {
  readonly rates: Rates;
  readonly measured: boolean;
}

/** Before anything was measured: two cores of an ordinary laptop, fewer milliseconds with more of them (docs/benchmarks.md). */
function assumed(engine: EngineFacts['name'], threads: number): Rates {
  const share = 2 / threads, slow = engine === 'wasm';
  const pass = (dense: number, depthwise: number, gigabyte: number, node: number): PassRates =>
    ({ msPerDenseGflop: dense * share, msPerDepthwiseGflop: depthwise * share, msPerGigabyte: gigabyte * share, msPerNode: node });
  return {
    prefix: pass(8, 25, 60, 0),
    forward: slow ? pass(60, 150, 300, 0.05) : pass(9, 60, 130, 0.05),
    backward: slow ? pass(100, 300, 600, 0.1) : pass(12, 110, 200, 0.1),
    msPerUpdatedTensor: 0.3,
    msPerMillionUpdated: slow ? 20 : 12,
    msPerStep: 0.35, // an epoch of a head: batches, the loop's turn, lines of the journal
    decodedImagesPerSecond: 350 * threads / 2,
    baseBytes: 360e6,
    prefixBytes: 260e6,
    keptOutputs: slow ? 3.2 : 1.5, // runs of EfficientNet-Lite0 and ResNet-50, every cut; what the allocator keeps is in it
  };
}

/** Measured where there was a calibration, assumed elsewhere, mended by runs in both cases. */
export function readRates(machine: Machine, engine: EngineFacts['name']): KnownRates {
  const fallback = { rates: assumed(engine, machine.threads), measured: false };
  try {
    const kept = JSON.parse(readFileSync(fileOf(machine, engine), 'utf8')) as { readonly thaw?: unknown; readonly measured?: unknown; readonly rates?: unknown };
    const rates = parseRates(kept.rates);
    return rates.ok ? { rates: rates.value, measured: kept.measured === true && kept.thaw === machine.version } : fallback;
  } catch {
    return fallback; // never measured, or damaged
  }
}

/** The machine's rates, measured now if they never were: a few seconds. `measure`: takes the usual prices. */
export async function calibratedRates(machine: Machine, engine: Calibrated, measure = measured(engine, machine.threads)): Promise<Rates> {
  const known = readRates(machine, engine.facts.name);
  if (known.measured) return known.rates;
  const rates = { ...known.rates, ...await measure(known.rates) };
  write(machine, engine.facts.name, { rates, measured: true });
  return rates;
}

interface Calibrated {
  readonly kernels: Kernels;
  readonly facts: Pick<EngineFacts, 'name'>;
}

const measured = ({ kernels }: Calibrated, threads: number) => async (usual: Rates): Promise<Partial<Rates>> => {
  const engine = await calibrateEngine(kernels, usual);
  const open = async (model: Uint8Array): Promise<Prefix> => valueOf(await openPrefix(model, { threads }));
  // Where ONNX Runtime cannot be loaded, the engine that trains runs the prefix too.
  return { ...engine, prefix: await calibratePrefix(open, usual.prefix).catch(() => engine.forward) };
};

/**
 * What a run found out. Not being able to keep it spoils nothing. `weight`: of what it says of prices, half where they were
 * measured: a run sees one cut, and what it is off by need not hold for the others.
 */
export function learnRates(machine: Machine, engine: EngineFacts['name'], found: (known: Rates, weight: number) => Partial<Rates>): void {
  const { rates, measured } = readRates(machine, engine);
  write(machine, engine, { rates: { ...rates, ...found(rates, measured ? 0.5 : 1) }, measured });
}

/** Bytes, between what was thought and what was seen. */
export const halfWay = (old: number, seen: number): number => (old + seen) / 2;

/**
 * A price of which `share` (0…1) was of something that took `factor` times as long as predicted: half way there, by ratios, so that
 * twice as long and half as long cancel out (by differences, prices of what can only be seen together drifted apart for ever).
 * A factor counts as a quarter at the least and four at the most; one that is none (infinite, NaN) changes nothing.
 */
export const mend = (price: number, factor: number, share = 1): number =>
  Number.isFinite(factor) ? price * Math.min(4, Math.max(1 / 4, factor)) ** (share / 2) : price;

/** All prices of a pass that grow with its samples. */
export function mended(rates: PassRates, factor: number, share = 1): PassRates {
  const by = mend(1, factor, share);
  return { ...rates, msPerDenseGflop: rates.msPerDenseGflop * by, msPerDepthwiseGflop: rates.msPerDepthwiseGflop * by, msPerGigabyte: rates.msPerGigabyte * by };
}

function write(machine: Machine, engine: string, { rates, measured }: KnownRates): void {
  try {
    mkdirSync(machine.cache, { recursive: true });
    atomicWrite(fileOf(machine, engine), formatJson({ thaw: machine.version, measured, rates }, 2));
  } catch {
    // a cache folder that cannot be written: predictions stay as they are
  }
}

const fileOf = ({ cache, threads }: Machine, engine: string): string => join(cache, `rates-${engine}-${threads}.json`);
