import { mkdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Diagnostic } from '../../protocol/diagnostic.ts';
import type { EngineFacts } from '../../protocol/runEvent.ts';
import type { EngineResources } from '../../engine/rungs/rung.ts';
import type { Kernels } from '../../engine/kernels.ts';
import type { Machine } from './machine.ts';
import type { TensorFlowBinding } from '../../engine/rungs/tensorflow.ts';
import { atomicWrite } from '../../runs/atomicWrite.ts';
import { chooseEngine } from '../../engine/choose.ts';
import { formatJson } from '../../protocol/jsonText.ts';
import { installedEngine } from '../native/engineCache.ts';
import { about, bytes } from '../../base/units.ts';
import { engineOffers } from '../native/engineCommand.ts';
import { hasBinding, loadBinding } from '../native/loadBinding.ts';
import type { Rates } from '../../backbones/cost.ts';
import { readRates } from './rates.ts';
import { onnxTitle } from '../../engine/onnxPrefix.ts';
import { parseEngineFacts } from '../../protocol/guards.ts';
import { tensorflow } from '../../engine/rungs/tensorflow.ts';
import { valueOf } from './dataset.ts';
import { wasm } from '../../engine/rungs/wasm.ts';

export interface Engine {
  readonly kernels: Kernels;
  readonly facts: EngineFacts;
  /** A rung that is there but broken: said once, in the run. */
  readonly warnings: readonly Diagnostic[];
}

const rungs = [tensorflow, wasm];

/**
 * The fastest engine of this machine whose gradients are right, or the one asked for. The tests take a second or two, so
 * their result is kept until something that it rests on changes: Thaw, Node, the native library, the cores.
 */
export async function openEngine(machine: Machine, pinned?: EngineFacts['name']): Promise<Engine> {
  const installed = await installedEngine({ cacheDir: machine.cache });
  const file = join(machine.cache, 'engine-choice.json');
  const rests = [machine.version, process.version, installed?.folder ?? 'none', machine.threads].join(' ');
  const before = pinned === undefined ? readChoice(file, rests) : undefined;
  if (before) {
    const started = await rungs.find(({ name }) => name === before.name)!.start(await resourcesOf(machine));
    if (started.ok) return { kernels: started.value.kernels, facts: before, warnings: [] };
  }
  const chosen = await chooseEngine(rungs, { resources: await resourcesOf(machine), pinned });
  const { rung, facts } = valueOf(chosen);
  const complete: EngineFacts = { ...facts, node: process.version };
  if (pinned === undefined && chosen.warnings.length === 0) keepChoice(file, rests, complete, machine.cache);
  return { kernels: rung.kernels, facts: complete, warnings: chosen.warnings };
}

/** What `thaw doctor` shows: every engine tried anew. */
export async function diagnoseEngines(machine: Machine): Promise<EngineFacts> {
  const { facts } = valueOf(await chooseEngine(rungs, { resources: await resourcesOf(machine) }));
  const prefix = await onnxTitle(machine.threads);
  return { ...facts, node: process.version, ...(prefix !== undefined && { prefix }) };
}

export const isEngineInstalled = async (machine: Machine): Promise<boolean> => await installedEngine({ cacheDir: machine.cache }) !== undefined;

/** The native engine, where it is missing and would work once it is installed. */
export async function engineOffer(machine: Machine): Promise<{ readonly title: string; readonly fetchBytes: number } | undefined> {
  const [offer] = await isEngineInstalled(machine) || !hasBinding(machine.bindings) ? [] : await engineOffers({ cacheDir: machine.cache });
  return offer && { title: offer.title, fetchBytes: offer.fetchBytes };
}

/** Facts as a run tells them: advice that would do little for its plan is left out, the rest says how much it would do. */
export async function advised(facts: EngineFacts, machine: Machine, predict: (rates: Rates) => number): Promise<EngineFacts> {
  const { advice, ...rest } = facts, offer = advice === undefined ? undefined : await engineOffer(machine);
  if (!offer) return facts;
  const seconds = predict(readRates(machine, facts.name)), offeredSeconds = predict(readRates(machine, 'tensorflow'));
  if (seconds < worthwhile * offeredSeconds) return rest;
  const words = `${offer.title} would take about ${about(offeredSeconds * 1000)} for this run instead of ${about(seconds * 1000)}: run \`thaw engine install\` (up to ${bytes(offer.fetchBytes)} to fetch)`;
  return { ...rest, advice: words, gain: { seconds, offeredSeconds, fetchBytes: offer.fetchBytes } };
}

/** Smaller gains are not worth a download. */
const worthwhile = 1.5;

async function resourcesOf(machine: Machine): Promise<EngineResources> {
  const installed = await installedEngine({ cacheDir: machine.cache });
  return {
    cores: machine.threads,
    wasm: { read: (name) => readFile(join(machine.wasm, name)) },
    loadTensorFlow: () => {
      const loaded = loadBinding(installed, machine.bindings);
      return loaded.ok ? { ...loaded, value: loaded.value as TensorFlowBinding } : loaded;
    },
  };
}

function readChoice(file: string, rests: string): EngineFacts | undefined {
  try {
    const kept = JSON.parse(readFileSync(file, 'utf8')) as { readonly rests?: unknown; readonly facts?: unknown };
    const facts = parseEngineFacts(kept.facts);
    return kept.rests === rests && facts.ok ? facts.value : undefined;
  } catch {
    return undefined; // never chosen, or damaged: chosen again
  }
}

function keepChoice(file: string, rests: string, facts: EngineFacts, cache: string): void {
  try {
    mkdirSync(cache, { recursive: true });
    atomicWrite(file, formatJson({ rests, facts }, 2));
  } catch {
    // a cache folder that cannot be written: the next run chooses again
  }
}
