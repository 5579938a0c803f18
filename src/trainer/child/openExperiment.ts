import type { BoundaryFeatures } from './features/features.ts';
import type { ByteStore } from '../../base/byteStore.ts';
import type { Card } from '../../backbones/card.ts';
import type { Dataset } from './photos/dataset.ts';
import type { EngineFacts, RunFact } from '../../protocol/runEvent.ts';
import type { Machine } from './machine/machine.ts';
import type { Network } from '../../backbones/op.ts';
import type { Plan } from '../../experiment/plan.ts';
import type { RunsPlace } from '../../runs/runFolder.ts';
import type { SampleId, Split } from '../../data/sample.ts';
import type { Weights } from '../../backbones/tensorData.ts';
import { advised, openEngine, partOf, type Engine } from './machine/engine.ts';
import { cutCost, sampleMs } from '../../backbones/cost.ts';
import { FactsCache } from '../../data/factsCache.ts';
import { fileStore } from '../../runs/fileStore.ts';
import { freezeBoundary } from '../../backbones/boundary.ts';
import { learnRates, mend, mended } from './machine/rates.ts';
import { matchPatterns } from '../../backbones/freezePlan.ts';
import { monotonicMs } from '../../base/clock.ts';
import { once } from '../../base/once.ts';
import { predictRun } from './answers/estimate.ts';
import { preflight } from './answers/preflight.ts';
import { pretrained } from './weights/cardWeights.ts';
import { ProgressLine } from './photos/progressLine.ts';
import { nobody, readDataset } from './photos/dataset.ts';
import { outputsOf, scanData } from './photos/scanData.ts';
import { randomWeights } from '../../backbones/initialise.ts';
import { Sources } from './features/sources.ts';
import { trainingMemory } from './machine/memory.ts';

/** An experiment with its folder read and its engine chosen: all that training its stages needs. */
export interface Opened {
  readonly machine: Machine;
  readonly plan: Plan;
  readonly card: Card;
  readonly network: Network;
  readonly dataset: Dataset;
  readonly engine: Engine;
  /** Where it starts: pretrained, with a new head; or all random, when the plan says so. */
  readonly start: Weights;
  /** Features of all runs of this home. */
  readonly store: ByteStore;
  /** Whether the cache had every feature of the first stage, so that neither decoders nor frozen layers have run. */
  readonly cached: boolean;
}

export interface OpenOptions {
  readonly plan: Plan;
  readonly card: Card;
  readonly place: RunsPlace;
  /** Where earlier runs put these photos. */
  readonly earlier: ReadonlyMap<SampleId, Split>;
  /** The rung to use, instead of the fastest. */
  readonly engine?: EngineFacts['name'] | undefined;
  readonly append: (fact: RunFact) => void;
  readonly onDataset: (dataset: Dataset) => void;
  /** Whether to say what looks odd about photos and labels (preflight.ts). */
  readonly preflight?: true;
  readonly stop: AbortSignal;
}

/** Reads folder and weights and chooses the engine, all told as events; undefined when a stop came first. */
export async function openExperiment({ plan, card, place, earlier, engine: pinned, append, onDataset, preflight: looks, stop }: OpenOptions, machine: Machine): Promise<Opened | undefined> {
  const line = new ProgressLine('scanning', append);
  const scan = await scanData(plan, { signal: stop, onProgress: (found) => line.at(found) });
  const store = fileStore(place.features, 'never'), facts = fileStore(place.facts, 'never'), known = await FactsCache.open(facts);
  // Which classes stay is known once every file was opened; neither the frozen layers nor the engine depend on it.
  const scanned = card.network(outputsOf(scan));
  const engine = once(() => openEngine(machine, partOf(scanned, plan), pinned));
  const weights = await pretrained(card, scanned, machine.backbones, plan.seed);
  const { trained } = matchPatterns(scanned, plan.stages[0]!.train), boundary = freezeBoundary(scanned, trained);
  const sources = new Sources({ card, network: scanned, stages: plan.stages, store, threads: machine.threads, engine, activity: 'features', append, stop });
  const features = boundary === 'input' ? undefined : await sources.features(boundary, weights);
  const reading = new ProgressLine(features ? 'features' : 'reading', append), startMs = monotonicMs();
  const dataset = await readDataset(scan, {
    input: card.input, split: plan.data.split, consumer: features ?? nobody, known, earlier, signal: stop,
    onProgress: (done) => reading.at(done, scan.files.length),
  });
  const readMs = monotonicMs() - startMs;
  await known.save();
  if (stop.aborted) return undefined;
  onDataset(dataset);
  const opened = await engine();
  for (const diagnostic of opened.warnings) append({ type: 'warning', diagnostic });
  const counts = { images: dataset.labels.length, classes: dataset.classes.length };
  const told = await advised(opened.facts, machine, (rates) => predictRun(plan, card, { ...counts, engine: opened.facts.name, memoryBytes: trainingMemory(opened.facts.name), rates }).seconds);
  append({ type: 'engine', engine: { ...told, ...(features?.title !== undefined && { prefix: features.title }) } });
  if (features) learnPrefixRates(machine, opened, features, cutCost(scanned, trained).prefix, readMs);
  const network = card.network(dataset.classes.length), sameHead = dataset.classes.length === outputsOf(scan);
  const start = plan.weights === 'random' ? randomWeights(network, plan.seed) : sameHead ? weights : await pretrained(card, network, machine.backbones, plan.seed);
  const ready = boundary === network.nodes.find(({ name }) => name === 'head')!.inputs[0] ? features : undefined;
  const odd = looks && plan.weights === 'pretrained' ? await preflight({ card, network, weights: start, dataset, ...(ready && { features: ready }), threads: machine.threads, signal: stop, store: facts }) : [];
  for (const diagnostic of odd) append({ type: 'warning', diagnostic });
  features?.dispose();
  return { machine, plan, card, network, dataset, engine: opened, start, store, cached: features?.computed === 0 };
}

/** Decoding runs beside the prefix, on the same cores: only the two together can be told from outside, and each is mended by its share of what was predicted. */
function learnPrefixRates(machine: Machine, engine: Engine, { views, computed }: BoundaryFeatures, prefix: ReturnType<typeof cutCost>['prefix'], elapsedMs: number): void {
  if (computed < 64) return; // most of it came out of the cache
  learnRates(machine, engine.facts.name, (known, weight) => {
    const decodeMs = 1000 * computed / views.length / known.decodedImagesPerSecond, prefixMs = computed * sampleMs(prefix, known.prefix), thought = decodeMs + prefixMs;
    const factor = elapsedMs / thought;
    return { prefix: mended(known.prefix, factor, weight * prefixMs / thought), decodedImagesPerSecond: mend(known.decodedImagesPerSecond, 1 / factor, weight * decodeMs / thought) };
  });
}
