import { join } from 'node:path';
import { mkdirSync } from 'node:fs';
import type { Machine } from './machine.ts';
import type { Outcome } from '../../protocol/runEvent.ts';
import { atomicWrite } from '../../runs/atomicWrite.ts';
import { earlierControls } from './earlierControls.ts';
import { earlierSplits, splitsIn } from './earlierSplits.ts';
import { formatManifestLine } from '../../data/manifest.ts';
import { judgeRun } from './judging.ts';
import { monotonicMs, nowAt } from '../../base/clock.ts';
import { about, bytes } from '../../base/units.ts';
import { defaultFeatureBytes, trimFeatures } from '../../runs/featureFolder.ts';
import { lookBack } from './lookBack.ts';
import { LiveLayers } from './liveLayers.ts';
import { placeOf, type RunFolder } from '../../runs/runFolder.ts';
import { runAddedControl } from './addedControl.ts';
import { openSourceTask } from './sourceTask.ts';
import { openExperiment } from './openExperiment.ts';
import type { Dataset } from './dataset.ts';
import { report, trainFrom, type Prepared } from './training.ts';
import { resolveRun } from './resolveRun.ts';
import { journalledWarnings, type RunWriter, type TrainerRun } from './runWriter.ts';

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
  const source = await openSourceTask(prepared.plan, prepared.card, machine.backbones);
  for (const diagnostic of source?.remarks ?? []) run.append({ type: 'warning', diagnostic });
  const controls = await earlierControls(prepared);
  if (controls.length > 0) run.append({ type: 'watched-against', controls });
  const { budget, stages } = prepared.plan, live = new LiveLayers(run, prepared.network, prepared.plan, prepared.origins), deadlineMs = budget === 'off' ? undefined : monotonicMs() + budget * 60_000;
  const trained = await trainFrom(prepared, run, prepared.start, { activity: 'features', stages, stop: run.stopRequested, live, ...(deadlineMs !== undefined && { deadlineMs }) });
  if (trained.how === 'deadline') run.append({ type: 'warning', diagnostic: { code: 'budget-spent', severity: 'warning', message: `the budget of ${about(1000 * 60 * Number(budget))} ended at step ${trained.step}: the best weights up to there are kept`, fix: 'raise `budget`, or train less' } });
  if (trained.best) report(prepared, run, { ...trained, best: trained.best });
  if (trained.how === 'stopped') return 'stopped';
  live.end();
  const trainedMs = monotonicMs() - startMs;
  await lookBack(prepared, trained, trainedMs, source);
  await judgeRun({ ...prepared, plan: { ...prepared.plan, stages: trained.stages } }, trained, trainedMs);
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
  const { folder, manifest, append, stopRequested: stop } = run, place = placeOf(folder);
  const { plan, origins, card } = await resolveRun(run, machine);
  const opened = await openExperiment({
    plan, card, place, earlier: (controlled && splitsIn(controlled)) ?? earlierSplits(place, plan.data, folder.id), engine: manifest.request?.engine, append, stop, onDataset: (dataset) => announce(run, dataset, controlled === undefined), ...(controlled === undefined && { preflight: true as const }),
  }, machine);
  if (!opened) return undefined;
  const { name, title } = opened.engine.facts;
  run.updateManifest({ versions: { thaw: machine.version, node: process.version, [name]: title } });
  return { ...opened, run, origins };
}

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
