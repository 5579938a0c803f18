import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Diagnostic } from '../../../protocol/diagnostic.ts';
import type { EngineFacts, MachineFacts } from '../../../protocol/runEvent.ts';
import type { EngineResources, TensorFlowBinding } from '../../../engine/rungs/rung.ts';
import type { InstalledEngine } from '../../native/engineCache.ts';
import type { Kernels } from '../../../engine/kernels.ts';
import type { Machine } from './machine.ts';
import type { Network } from '../../../backbones/op.ts';
import type { Plan } from '../../../experiment/plan.ts';
import { chooseEngine } from '../../../engine/choose.ts';
import { controlStages } from '../../../experiment/controlPlan.ts';
import { cutCost, stepFlops } from '../../../backbones/cost.ts';
import { EngineChoices } from './engineChoices.ts';
import { formatJson } from '../../../protocol/jsonText.ts';
import { idleGpu } from './graphics.ts';
import { installedEngine } from '../../native/engineCache.ts';
import { about, bytes } from '../../../base/units.ts';
import { engineOffers } from '../../native/engineCommand.ts';
import { hasBinding, loadBinding } from '../../native/loadBinding.ts';
import { loadWebGpu } from './loadWebGpu.ts';
import { matchPatterns } from '../../../backbones/freezePlan.ts';
import type { Rates } from '../../../protocol/answers.ts';
import { readRates } from './rates.ts';
import { stageEpochs } from '../../../experiment/predict.ts';
import { onnxTitle } from '../../../engine/onnxPrefix.ts';
import { readMachineFacts } from './machineFacts.ts';
import { tensorflow } from '../../../engine/rungs/tensorflow.ts';
import { timedPartOf, usualPart, worthThreads, type TimedPart } from '../../../engine/timedPart.ts';
import { valueOf } from '../photos/dataset.ts';
import { wasm } from '../../../engine/rungs/wasm.ts';
import { webgpu } from '../../../engine/rungs/webgpu.ts';

export interface Engine {
  readonly kernels: Kernels;
  readonly facts: EngineFacts;
  /** A rung that is there but broken: said once, in the run. */
  readonly warnings: readonly Diagnostic[];
}

/** The one that is usually the fastest first. */
const rungs = [tensorflow, webgpu, wasm];

/** What a run spends on choosing, beside loading the libraries. `thaw doctor` takes its time. */
const budgetMs = 2000;

/**
 * The fastest engine of this machine for what the plan trains whose gradients are right, or the one asked for. The tests
 * take up to two seconds, so their result is kept, by kind of plan, until something that it rests on changes: Thaw, Node,
 * native libraries, cores, graphics.
 */
export async function openEngine(machine: Machine, part: TimedPart, pinned?: EngineFacts['name']): Promise<Engine> {
  const { installed, found, choices } = await choicesOn(machine), before = pinned === undefined ? choices.of(part.title) : undefined;
  const started = before && await rungs.find(({ name }) => name === before.name)!.start(resourcesOf(machine, installed, part));
  if (before && started?.ok) return opened(started.value.kernels, { ...before, machine: found });
  const chosen = await chooseEngine(rungs, { resources: resourcesOf(machine, installed, part), part, pinned, budgetMs });
  const { rung, facts } = valueOf(chosen);
  const complete: EngineFacts = { ...facts, node: process.version, machine: found };
  if (pinned === undefined && chosen.warnings.length === 0) choices.keep(part.title, complete);
  return opened(rung.kernels, complete, chosen.warnings, pinned);
}

async function choicesOn(machine: Machine): Promise<{ readonly installed: InstalledEngine | undefined; readonly found: MachineFacts; readonly choices: EngineChoices }> {
  const installed = await installedEngine({ cacheDir: machine.cache }), found = await readMachineFacts(machine, installed);
  const { memoryBytes: _, freeBytes: __, ...stable } = found;
  return { installed, found, choices: new EngineChoices(machine.cache, formatJson([machine.version, process.version, installed?.folder ?? 'none', stable])) };
}

/** A processor that trains beside an idle GPU is said in the run, unless it was asked for. */
const opened = (kernels: Kernels, facts: EngineFacts, warnings: readonly Diagnostic[] = [], pinned?: string): Engine =>
  ({ kernels, facts, warnings: [...warnings, ...(pinned === undefined ? idleGpu(facts) : [])] });

/** What `thaw doctor` shows: every engine tried anew. */
export async function diagnoseEngines(machine: Machine): Promise<EngineFacts> {
  const installed = await installedEngine({ cacheDir: machine.cache });
  const { facts } = valueOf(await chooseEngine(rungs, { resources: resourcesOf(machine, installed, usualPart), part: usualPart }));
  const [found, prefix] = await Promise.all([readMachineFacts(machine, installed), onnxTitle(machine.threads)]);
  return { ...facts, node: process.version, machine: found, ...(prefix !== undefined && { prefix }) };
}

/** What is timed for a plan: the stage that computes most, those of its control from scratch included: a head alone never shows what training all layers takes. */
export function partOf(network: Network, plan: Plan): TimedPart {
  const { batch, controls } = plan, stages = [...plan.stages, ...controls.includes('scratch') ? controlStages(plan, 'scratch', usualSamples) : []];
  const weighed = stages.map((stage) => {
    const { trained } = matchPatterns(network, stage.train);
    return { stage, trained, flops: stageEpochs(stage, usualSamples, batch) * stepFlops(cutCost(network, trained)) };
  });
  const { stage, trained } = weighed.reduce((most, each) => each.flops > most.flops ? each : most);
  return timedPartOf(network, trained, stage.batchNorm, batch);
}

/** Stages that count in steps are weighed against those that count in epochs as if the folder had so many photos. */
const usualSamples = 1000;

/** Which engine would train on most machines like this one, without starting any. Whether WebGPU is faster than a processor only a test tells: one that was. */
export async function expectedEngine(machine: Machine): Promise<EngineFacts['name']> {
  const { installed, choices } = await choicesOn(machine);
  if (choices.has('webgpu')) return 'webgpu';
  return installed ? 'tensorflow' : 'wasm';
}

/** The native engine, where it is missing and would work once it is installed. */
export async function engineOffer(machine: Machine): Promise<{ readonly title: string; readonly fetchBytes: number } | undefined> {
  const [offer] = await installedEngine({ cacheDir: machine.cache }) || !hasBinding(machine.bindings) ? [] : await engineOffers({ cacheDir: machine.cache });
  return offer && { title: offer.title, fetchBytes: offer.fetchBytes };
}

/** Facts as a run tells them: advice that would do little for its plan is left out, the rest says how much it would do. */
export async function advised(facts: EngineFacts, machine: Machine, predict: (rates: Rates) => number): Promise<EngineFacts> {
  const { advice, ...rest } = facts, offer = advice === undefined ? undefined : await engineOffer(machine);
  if (!offer) return facts;
  const seconds = predict(readRates(machine, facts.name).rates), offeredSeconds = predict(readRates(machine, 'tensorflow').rates);
  if (seconds < worthwhile * offeredSeconds) return rest;
  const words = `${offer.title} would take about ${about(offeredSeconds * 1000)} for this run instead of ${about(seconds * 1000)}: run \`thaw engine install\` (up to ${bytes(offer.fetchBytes)} to fetch)`;
  return { ...rest, advice: words, gain: { seconds, offeredSeconds, fetchBytes: offer.fetchBytes } };
}

/** Smaller gains are not worth a download. */
const worthwhile = 1.5;

function resourcesOf(machine: Machine, installed: InstalledEngine | undefined, part: TimedPart): EngineResources {
  return {
    cores: machine.threads,
    wasm: {
      binary: () => readFile(join(machine.wasm, 'tfjs-backend-wasm-threaded-simd.wasm')), thread: pathToFileURL(join(machine.wasm, 'thread.mjs')),
      threads: worthThreads(part) ? machine.threads : 1,
    },
    loadWebGpu: () => loadWebGpu(),
    loadTensorFlow: () => {
      const loaded = loadBinding(installed, machine.bindings);
      return loaded.ok ? { ...loaded, value: loaded.value as TensorFlowBinding } : loaded;
    },
  };
}
