import { join } from 'node:path';
import { mkdirSync } from 'node:fs';
import type { BoundaryFeatures } from './features.ts';
import type { ByteStore } from '../../base/byteStore.ts';
import type { CutCost } from '../../backbones/cost.ts';
import type { Machine } from './machine.ts';
import type { Outcome } from '../../protocol/runEvent.ts';
import { atomicWrite } from '../../runs/atomicWrite.ts';
import { earlierSplits } from './earlierSplits.ts';
import { cutCost } from '../../backbones/cost.ts';
import { learnRates } from './rates.ts';
import { fileStore } from '../../runs/fileStore.ts';
import { formatManifestLine } from '../../data/manifest.ts';
import { freezeBoundary } from '../../backbones/boundary.ts';
import { judgeRun } from './judging.ts';
import { matchPatterns } from '../../backbones/freezePlan.ts';
import { monotonicMs } from '../../base/clock.ts';
import { advised, openEngine, partOf, type Engine } from './engine.ts';
import { predictSeconds } from './estimate.ts';
import { FactsCache } from '../../data/factsCache.ts';
import { placeOf } from '../../runs/runFolder.ts';
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
  const prepared = await prepare(run, machine).catch((error: unknown) => {
    if (run.stopRequested.aborted) return undefined; // scanning and reading reject when they are called off
    throw error;
  });
  if (!prepared) return 'stopped';
  const trained = await trainFrom(prepared, run, prepared.start, { activity: 'features', stages: prepared.plan.stages, stop: run.stopRequested });
  if (trained.best) report(prepared, run, trained.best);
  if (trained.how === 'stopped') return 'stopped';
  await judgeRun(prepared, trained, monotonicMs() - startMs);
  return 'finished';
}

/** Reads plan, weights and folder; undefined when a stop came first. */
async function prepare(run: TrainerRun, machine: Machine): Promise<Prepared | undefined> {
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
    input: card.input, split: plan.data.split, consumer: features ?? nothing, known, earlier: earlierSplits(run.folder, plan.data), signal: stop,
    onProgress: (done) => reading.at(done, scan.files.length),
  });
  await known.save();
  if (stop.aborted) return undefined;
  announce(run, dataset);
  const opened = await engine();
  for (const diagnostic of opened.warnings) append({ type: 'warning', diagnostic });
  const counts = { images: dataset.labels.length, classes: dataset.classes.length };
  const facts = await advised(opened.facts, machine, (rates) => predictSeconds(plan, card, counts, rates));
  run.updateManifest({ versions: { thaw: machine.version, node: process.version, [opened.facts.name]: opened.facts.title } });
  append({ type: 'engine', engine: { ...facts, ...(features?.title !== undefined && { prefix: features.title }) } });
  if (features) learnPrefixRate(machine, opened, features, cutCost(scanned, matchPatterns(scanned, plan.stages[0]!.train).trained), monotonicMs() - startMs);
  features?.dispose();
  const network = card.network(dataset.classes.length);
  const start = await pretrained(card, network, machine.backbones, plan.seed);
  return { run, machine, plan, card, network, dataset, engine: opened, start, store };
}

/** Features and facts of all runs of this home. */
async function openCaches(run: RunWriter): Promise<{ store: ByteStore; facts: FactsCache }> {
  const folder = join(placeOf(run.folder).path, 'cache');
  return { store: fileStore(join(folder, 'features'), 'never'), facts: await FactsCache.open(fileStore(join(folder, 'facts'), 'never')) };
}

/** Decoding runs beside the prefix, on the same cores: what the prefix did not take of the time is its share. */
function learnPrefixRate(machine: Machine, engine: Engine, { work: { views, elapsedMs } }: BoundaryFeatures, { prefixFlops }: CutCost, totalMs: number): void {
  if (views < 32) return; // most of it came out of the cache
  learnRates(machine, engine.facts.name, { prefixFlopsPerSecond: 1000 * views * prefixFlops / elapsedMs, decodedImagesPerSecond: 1000 * views / Math.max(1, totalMs - elapsedMs) });
}

const once = <T>(make: () => Promise<T>): (() => Promise<T>) => {
  let made: Promise<T> | undefined;
  return () => made ??= make();
};

/** For a plan that trains from the first layer on: nothing to compute while reading. */
const nothing = { views: [], wants: () => false, take: () => Promise.resolve(), finish: () => Promise.resolve() } as const;

function announce(run: RunWriter, { facts, fingerprint, manifest, diagnostics }: Dataset): void {
  mkdirSync(join(run.folder.dataManifest, '..'), { recursive: true });
  atomicWrite(run.folder.dataManifest, manifest.map(formatManifestLine).join(''));
  run.updateManifest({ dataFingerprint: fingerprint });
  run.append({ type: 'data', data: facts });
  for (const diagnostic of diagnostics.slice(0, journalledWarnings)) run.append({ type: 'warning', diagnostic });
}
