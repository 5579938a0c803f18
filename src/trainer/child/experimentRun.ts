import { join } from 'node:path';
import { mkdirSync } from 'node:fs';
import type { Machine } from './machine.ts';
import type { Outcome } from '../../protocol/runEvent.ts';
import type { RunWriter, TrainerRun } from './runWriter.ts';
import { atomicWrite } from '../../runs/atomicWrite.ts';
import { cardOf } from '../../backbones/cards.ts';
import { fileStore } from '../../runs/fileStore.ts';
import { formatManifestLine } from '../../data/manifest.ts';
import { freezeBoundary } from '../../backbones/boundary.ts';
import { judgeRun } from './judging.ts';
import { matchPatterns } from '../../backbones/freezePlan.ts';
import { monotonicMs } from '../../base/clock.ts';
import { openEngine } from './engine.ts';
import { FactsCache } from '../../data/factsCache.ts';
import { placeOf } from '../../runs/runFolder.ts';
import { pretrained } from './cardWeights.ts';
import { ProgressLine } from './progressLine.ts';
import { readDataset, valueOf, type Dataset } from './dataset.ts';
import { report, trainFrom, type Prepared } from './training.ts';
import { resolveRun } from './resolveRun.ts';
import { scanFolder } from '../../data/scan.ts';
import { Sources } from './sources.ts';

/** One run, told from top to bottom. */
export async function runExperiment(run: TrainerRun, machine: Machine): Promise<Outcome> {
  if (!await run.begin()) return 'stopped'; // another run trains; ours was called off while it waited
  const prepared = await prepare(run, machine);
  if (!prepared) return 'stopped';
  const trainedAtMs = monotonicMs();
  const trained = await trainFrom(prepared, run, prepared.start, { activity: 'features', stages: prepared.plan.stages, stop: run.stopRequested });
  if (trained.best) report(prepared, run, trained.best);
  if (trained.how === 'stopped') return 'stopped';
  await judgeRun(prepared, trained, monotonicMs() - trainedAtMs);
  return 'finished';
}

/** Reads plan, weights and folder; undefined when a stop came first. */
async function prepare(run: TrainerRun, machine: Machine): Promise<Prepared | undefined> {
  const plan = await resolveRun(run), card = cardOf(plan.backbone)!;
  const line = new ProgressLine('scanning', run.append);
  const scan = valueOf(await scanFolder(plan.data.folder, { signal: run.stopRequested, onProgress: (found) => line.at(found) }));
  const scanned = card.network(new Set(scan.files.map(({ label }) => label)).size);
  const cache = join(placeOf(run.folder).path, 'cache');
  mkdirSync(cache, { recursive: true });
  const store = fileStore(join(cache, 'features'), 'never'), facts = await FactsCache.open(fileStore(join(cache, 'facts'), 'never'));
  const weights = await pretrained(card, scanned, machine.backbones, plan.seed);
  const boundary = freezeBoundary(scanned, matchPatterns(scanned, plan.stages[0]!.train).trained);
  const sources = new Sources({ card, network: scanned, stages: plan.stages, store, threads: machine.threads, activity: 'features', append: run.append, stop: run.stopRequested });
  const reading = new ProgressLine(boundary === 'input' ? 'reading' : 'features', run.append);
  const consumer = boundary === 'input' ? nothing : await sources.features(boundary, weights);
  const dataset = await readDataset(scan, {
    input: card.input, split: plan.data.split, consumer, known: facts, signal: run.stopRequested,
    onProgress: (done) => reading.at(done, scan.files.length),
  });
  await facts.save();
  if (run.stopRequested.aborted) return undefined;
  announce(run, dataset);
  const engine = await openEngine(machine, run.manifest.request?.engine, 'title' in consumer ? consumer.title : undefined);
  run.append({ type: 'engine', engine: engine.facts });
  if ('dispose' in consumer) consumer.dispose();
  const network = card.network(dataset.classes.length);
  // Classes whose every file was bad are gone: the head is drawn anew for those that are left.
  const start = await pretrained(card, network, machine.backbones, plan.seed);
  return { run, machine, plan, card, network, dataset, engine, start, store };
}

/** For a plan that trains from the first layer on: nothing to compute while reading. */
const nothing = { views: [], wants: () => false, take: () => Promise.resolve(), finish: () => Promise.resolve() } as const;

/** The most warnings that go into the journal one by one; data/manifest.jsonl has them all. */
const journalledWarnings = 200;

function announce(run: RunWriter, { facts, fingerprint, manifest, diagnostics }: Dataset): void {
  mkdirSync(join(run.folder.dataManifest, '..'), { recursive: true });
  atomicWrite(run.folder.dataManifest, manifest.map(formatManifestLine).join(''));
  run.updateManifest({ dataFingerprint: fingerprint });
  run.append({ type: 'data', data: facts });
  for (const diagnostic of diagnostics.slice(0, journalledWarnings)) run.append({ type: 'warning', diagnostic });
}
