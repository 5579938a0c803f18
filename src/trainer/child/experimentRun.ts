import { join } from 'node:path';
import { mkdirSync } from 'node:fs';
import type { BoundaryFeatures } from './features.ts';
import type { ByteStore } from '../../base/byteStore.ts';
import type { CutCost } from '../../backbones/cost.ts';
import type { Machine } from './machine.ts';
import type { Outcome } from '../../protocol/runEvent.ts';
import { atomicWrite } from '../../runs/atomicWrite.ts';
import { earlierSplits, splitsIn } from './earlierSplits.ts';
import { cutCost, sampleMs } from '../../backbones/cost.ts';
import { halfWay, learnRates, mended } from './rates.ts';
import { fileStore } from '../../runs/fileStore.ts';
import { formatManifestLine } from '../../data/manifest.ts';
import { freezeBoundary } from '../../backbones/boundary.ts';
import { judgeRun } from './judging.ts';
import { matchPatterns } from '../../backbones/freezePlan.ts';
import { monotonicMs, nowAt } from '../../base/clock.ts';
import { bytes } from '../../base/units.ts';
import { defaultFeatureBytes, trimFeatures } from '../../runs/featureFolder.ts';
import { advised, openEngine, partOf, type Engine } from './engine.ts';
import { predictRun } from './estimate.ts';
import { trainingMemory } from './memory.ts';
import { FactsCache } from '../../data/factsCache.ts';
import { placeOf, type RunFolder } from '../../runs/runFolder.ts';
import { runAddedControl } from './addedControl.ts';
import { pretrained } from './cardWeights.ts';
import { ProgressLine } from './progressLine.ts';
import { readDataset, valueOf, type Dataset } from './dataset.ts';
import { report, trainFrom, type Prepared } from './training.ts';
import { resolveRun } from './resolveRun.ts';
import { scanFolder } from '../../data/scan.ts';
import { journalledWarnings, type RunWriter, type TrainerRun } from './runWriter.ts';
import { Sources } from './sources.ts';

/** One run, told from top to bottom. */
export async function runExperiment(run: TrainerRun, machine: Machine): Promise<Outcome> {
  const startMs = monotonicMs();
  if (!await run.begin()) return 'stopped'; // another run trains; ours was called off while it waited
  const beganAt = nowAt();
  try {
    return run.manifest.controlOf === undefined ? await scanTrainJudge(run, machine, startMs) : await runAddedControl(run, machine);
  } finally {
    keepWithinLimit(run, beganAt);
  }
}

/** The feature cache has its limit between runs; while one runs, it keeps all that it uses. */
function keepWithinLimit({ folder, manifest, append }: TrainerRun, beganAt: string): void {
  const place = placeOf(folder), gb = manifest.request?.featureCacheMaxGb, maxBytes = gb === undefined ? defaultFeatureBytes : gb * 1e9;
  const own = trimFeatures(place, maxBytes, beganAt);
  if (own <= maxBytes) return;
  append({ type: 'warning', diagnostic: { code: 'cache-full', severity: 'warning', message: `the features of this run take ${bytes(own)} of disk, and the cache may keep ${bytes(maxBytes)}: the rest is computed again next time`, fix: 'raise thaw.featureCache.maxGb, or use --feature-cache-gb' } });
  trimFeatures(place, maxBytes, nowAt());
}

async function scanTrainJudge(run: TrainerRun, machine: Machine, startMs: number): Promise<Outcome> {
  const prepared = await prepare(run, machine);
  if (!prepared) return 'stopped';
  const trained = await trainFrom(prepared, run, prepared.start, { activity: 'features', stages: prepared.plan.stages, stop: run.stopRequested });
  if (trained.best) report(prepared, run, { ...trained, best: trained.best });
  if (trained.how === 'stopped') return 'stopped';
  await judgeRun(prepared, trained, monotonicMs() - startMs);
  return 'finished';
}

/** Reads plan, weights and folder; undefined when a stop came first. `controlled`: the run that this one is a control of, whose splits it takes. */
export async function prepare(run: TrainerRun, machine: Machine, controlled?: RunFolder): Promise<Prepared | undefined> {
  return readAll(run, machine, controlled).catch((error: unknown) => {
    if (run.stopRequested.aborted) return undefined; // scanning and reading reject when they are called off
    throw error;
  });
}

async function readAll(run: TrainerRun, machine: Machine, controlled: RunFolder | undefined): Promise<Prepared | undefined> {
  const { append, stopRequested: stop } = run;
  const { plan, card } = await resolveRun(run, machine);
  const line = new ProgressLine('scanning', append);
  const scan = valueOf(await scanFolder(plan.data.folder, { signal: stop, onProgress: (found) => line.at(found) }));
  const { store, facts: known } = await openCaches(run);
  // Which classes stay is known once every file was opened; neither the frozen layers nor the engine depend on it.
  const scanned = card.network(new Set(scan.files.map(({ label }) => label)).size);
  const engine = once(() => openEngine(machine, partOf(scanned, plan), run.manifest.request?.engine));
  const weights = await pretrained(card, scanned, machine.backbones, plan.seed);
  const boundary = freezeBoundary(scanned, matchPatterns(scanned, plan.stages[0]!.train).trained);
  const sources = new Sources({ card, network: scanned, stages: plan.stages, store, threads: machine.threads, engine, activity: 'features', append, stop });
  const features = boundary === 'input' ? undefined : await sources.features(boundary, weights);
  const reading = new ProgressLine(features ? 'features' : 'reading', append), startMs = monotonicMs();
  const dataset = await readDataset(scan, {
    input: card.input, split: plan.data.split, consumer: features ?? nothing, known, earlier: (controlled && splitsIn(controlled)) ?? earlierSplits(run.folder, plan.data), signal: stop,
    onProgress: (done) => reading.at(done, scan.files.length),
  });
  const readMs = monotonicMs() - startMs;
  await known.save();
  if (stop.aborted) return undefined;
  announce(run, dataset, controlled === undefined);
  const opened = await engine();
  for (const diagnostic of opened.warnings) append({ type: 'warning', diagnostic });
  const counts = { images: dataset.labels.length, classes: dataset.classes.length };
  const facts = await advised(opened.facts, machine, (rates) => predictRun(plan, card, { ...counts, engine: opened.facts.name, memoryBytes: trainingMemory(opened.facts.name), rates }).seconds);
  run.updateManifest({ versions: { thaw: machine.version, node: process.version, [opened.facts.name]: opened.facts.title } });
  append({ type: 'engine', engine: { ...facts, ...(features?.title !== undefined && { prefix: features.title }) } });
  if (features) learnPrefixRates(machine, opened, features, cutCost(scanned, matchPatterns(scanned, plan.stages[0]!.train).trained), readMs);
  features?.dispose();
  const network = card.network(dataset.classes.length);
  const start = await pretrained(card, network, machine.backbones, plan.seed);
  return { run, machine, plan, card, network, dataset, engine: opened, start, store };
}

/** Features and facts of all runs of this home. */
async function openCaches(run: RunWriter): Promise<{ store: ByteStore; facts: FactsCache }> {
  const { features, facts } = placeOf(run.folder);
  return { store: fileStore(features, 'never'), facts: await FactsCache.open(fileStore(facts, 'never')) };
}

/** Decoding runs beside the prefix, on the same cores: only the two together can be told from outside, and are mended together. */
function learnPrefixRates(machine: Machine, engine: Engine, { views, computed }: BoundaryFeatures, { prefix }: CutCost, elapsedMs: number): void {
  if (computed < 64) return; // most of it came out of the cache
  learnRates(machine, engine.facts.name, (known) => {
    const factor = elapsedMs / (1000 * computed / views.length / known.decodedImagesPerSecond + computed * sampleMs(prefix, known.prefix));
    return { prefix: mended(known.prefix, factor), decodedImagesPerSecond: halfWay(known.decodedImagesPerSecond, known.decodedImagesPerSecond / factor) };
  });
}

const once = <T>(make: () => Promise<T>): (() => Promise<T>) => {
  let made: Promise<T> | undefined;
  return () => made ??= make();
};

/** For a plan that trains from the first layer on: nothing to compute while reading. */
const nothing = { views: [], wants: () => false, take: () => Promise.resolve(), finish: () => Promise.resolve() } as const;

/** A control leaves out what its run has said already. */
function announce(run: RunWriter, { facts, fingerprint, manifest, diagnostics }: Dataset, inFull: boolean): void {
  if (inFull) {
    mkdirSync(join(run.folder.dataManifest, '..'), { recursive: true });
    atomicWrite(run.folder.dataManifest, manifest.map(formatManifestLine).join(''));
  }
  run.updateManifest({ dataFingerprint: fingerprint });
  run.append({ type: 'data', data: facts });
  if (inFull) for (const diagnostic of diagnostics.slice(0, journalledWarnings)) run.append({ type: 'warning', diagnostic });
}
