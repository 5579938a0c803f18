import type { Machine } from './machine/machine.ts';
import type { Outcome } from '../../protocol/runEvent.ts';
import { continuedRun } from './continuedRun.ts';
import { earlierControls } from './controls/earlierControls.ts';
import { judgeRun } from './controls/judging.ts';
import { monotonicMs, nowAt } from '../../base/clock.ts';
import { about, bytes } from '../../base/units.ts';
import { defaultFeatureBytes, trimFeatures } from '../../runs/featureFolder.ts';
import { lookBack } from './controls/lookBack.ts';
import { LiveLayers } from './stages/liveLayers.ts';
import { placeOf } from '../../runs/runFolder.ts';
import { runAddedControl } from './controls/addedControl.ts';
import { prepareRun } from './prepareRun.ts';
import { openSourceTask } from './photos/sourceTask.ts';
import { report, trainFrom } from './training.ts';
import type { TrainerRun } from './runWriter.ts';

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
  const prepared = await prepareRun(run, machine);
  if (!prepared) return 'stopped';
  const before = await continuedRun(prepared);
  const source = await openSourceTask(prepared.plan, prepared.card, machine.backbones);
  for (const diagnostic of source?.remarks ?? []) run.append({ type: 'warning', diagnostic });
  const controls = await earlierControls(prepared);
  if (controls.length > 0) run.append({ type: 'watched-against', controls });
  const { budget, stages } = prepared.plan, live = new LiveLayers(run, prepared.network, prepared.plan, prepared.origins), deadlineMs = budget === 'off' ? undefined : monotonicMs() + (before?.place?.state.leftMs ?? budget * 60_000);
  const trained = await trainFrom(prepared, run, prepared.start, { activity: 'features', stages, stop: run.stopRequested, live, ...(before?.place && { from: before.place }), ...(deadlineMs !== undefined && { deadlineMs }) });
  if (trained.how === 'deadline') run.append({ type: 'warning', diagnostic: { code: 'budget-spent', severity: 'warning', message: `the budget of ${about(1000 * 60 * Number(budget))} ended at step ${trained.step}: the best weights up to there are kept`, fix: 'raise `budget`, or train less' } });
  if (trained.best) report(prepared, run, { ...trained, best: trained.best });
  live.end();
  if (trained.how === 'stopped') return 'stopped';
  const trainedMs = monotonicMs() - startMs + (before?.spentMs ?? 0);
  await lookBack(prepared, trained, trainedMs, source);
  await judgeRun({ ...prepared, plan: { ...prepared.plan, stages: trained.stages } }, trained, trainedMs);
  return 'finished';
}
