import type { RunFact, RunEvent } from '../../src/protocol/runEvent.ts';
import type { RunManifest } from '../../src/protocol/runManifest.ts';
import { createRun, newRunId, preparePlace, type RunFolder } from '../../src/runs/runFolder.ts';
import { nowAt } from '../../src/base/clock.ts';

/** A manifest as startRun writes it, with `changes`. */
export function aManifest(changes: Partial<RunManifest> = {}): RunManifest {
  const createdAt = changes.createdAt ?? nowAt();
  return {
    format: 1, id: newRunId('flowers', createdAt), title: 'flowers', status: 'queued', createdAt,
    experimentFile: '/photos/flowers.thaw.yaml', dataFolder: '/photos/flowers', backbone: 'efficientnet_lite0', versions: {},
    ...changes,
  };
}

/** A run's folder in `home`, with a user data folder beside it that stays unused. */
export function aRun(home: string, changes: Partial<RunManifest> = {}): RunFolder {
  const place = preparePlace(home, `${home}-user`);
  if (!place.ok) throw new Error(place.errors[0]?.message);
  return createRun(place.value, aManifest(changes));
}

/** Facts as the events of one journal. */
export const asEvents = (facts: readonly RunFact[]): RunEvent[] =>
  facts.map((fact, seq) => ({ seq, at: `2026-05-01T12:00:${String(seq % 60).padStart(2, '0')}.000Z`, ...fact }));

export const aShare = { value: 0.9, low: 0.8, high: 0.95, correct: 90, items: 100 };

/** One fact of every type, as a run would write them. */
export const everyFact: readonly RunFact[] = [
  { type: 'started', pid: 4711, node: 'v20.20.0' },
  { type: 'engine', engine: { name: 'wasm', title: 'WebAssembly', device: 'cpu', threads: 2, node: 'v20.20.0', why: 'the only one', tried: [{ name: 'wasm', ok: true, stepMs: 12 }, { name: 'tensorflow', ok: false, why: 'not installed' }], advice: 'thaw engine install' } },
  { type: 'progress', activity: 'scanning', done: 12 },
  { type: 'data', data: { classes: ['a', 'b'], train: [5, 5], validation: [2, 2], test: [3, 3], leftOut: { corrupt: 1 }, converted: {}, duplicateGroups: 0, splitBy: 'stratified 70/15/15, seed 7' } },
  { type: 'warning', diagnostic: { code: 'corrupt', severity: 'warning', message: '1 file cannot be read', where: { file: 'a/x.jpg' } } },
  { type: 'planned', stages: [{ name: 'probe', fromStep: 0, epochs: 2, trains: ['head'], trainedParameters: 2562, rate: 1e-3 }], stepsPerEpoch: 1, totalSteps: 2, predictedMs: 9000 },
  { type: 'progress', activity: 'features', done: 3, total: 20, etaMs: 4000, perSecond: 100 },
  { type: 'stage', stage: 0, step: 0 },
  { type: 'step', step: 1, epoch: 0, loss: 0.9, rate: 1e-3, perSecond: 200, etaMs: 1000 },
  { type: 'evaluated', step: 1, epoch: 1, split: 'validation', loss: 0.8, accuracy: 0.5, best: true },
  { type: 'checkpoint', step: 1, best: true },
  { type: 'step', step: 2, epoch: 1, loss: 0.7, rate: 5e-4, perSecond: 200, etaMs: 0 },
  { type: 'evaluated', step: 2, epoch: 2, split: 'validation', loss: 0.85, accuracy: 0.5, best: false },
  { type: 'early-stop', step: 2, patience: 1, bestStep: 1 },
  { type: 'watched-against', controls: [{ control: 'scratch', runId: '20260430-120000-flowers-scratch-3fa9c0' }] },
  { type: 'tested', step: 1, loss: 0.8, accuracy: aShare },
  { type: 'measured', stages: [{ name: 'probe', epochMs: 400, predictedEpochMs: 500 }], peakBytes: 5e8, predictedPeakBytes: 6e8 },
  { type: 'calibrated', calibration: {
    temperature: 1.5, validationItems: 4, items: 100,
    before: { ece: 0.08, chanceEce: 0.03, brier: 0.3, loss: 0.5, bins: [{ confidence: 0.98, accuracy: 0.9, items: 100 }] }, after: { ece: 0.04, chanceEce: 0.03, brier: 0.28, loss: 0.45, bins: [{ confidence: 0.94, accuracy: 0.9, items: 100 }] },
  } },
  { type: 'transferred', transfer: {
    changes: [{ path: 'stem', change: 0 }, { path: 'blocks.0', change: 0.12 }], notes: ['Left out.'], images: 32, rewindImages: 16, sourceHead: { agreement: { ...aShare, items: 32 }, classes: 1000 },
    source: { name: 'hymenoptera/images', classes: 1000, matched: 2, before: aShare, after: aShare, change: { value: -0.1, low: -0.2, high: 0 }, p: 0.03 },
    blocks: [{ path: 'blocks.0', change: 0.12, cka: { value: 0.91, control: 0.12 }, rewind: { pretrained: { value: -0.1, low: -0.2, high: 0 }, random: { value: -0.5, low: -0.6, high: -0.4 } } }],
  } },
  { type: 'control', control: 'blind', accuracy: { ...aShare, value: 0.5 } },
  { type: 'control-started', control: 'scratch', runId: '20260501-120000-flowers-3fa9c1', budgetMs: 60000 },
  { type: 'control', control: 'scratch', accuracy: aShare, runId: '20260501-120000-flowers-3fa9c1', matchedSteps: 2 },
  { type: 'plan-changed', stage: 1, origin: 'tree', stages: [{ name: 'probe', fromStep: 0, epochs: 1, trains: ['head'], trainedParameters: 2562, rate: 1e-3 }, { name: 'probe thawed', fromStep: 1, epochs: 1, trains: ['all'], trainedParameters: 9999, rate: 1e-3 }], stepsPerEpoch: 1, totalSteps: 2, predictedMs: 9500 },
  { type: 'verdict', verdict: {
    claim: 'helps', against: 'scratch', headline: 'Transfer helps', words: 'On 100 photos …', missing: [{ control: 'knn', why: 'switched off' }],
    comparisons: [{ control: 'scratch', claim: 'helps', gapPt: 20, lowPt: 10, highPt: 30, p: 0.001, onlyRun: 25, onlyControl: 5, items: 100, seeds: 1, mdePt: 8, run: aShare, controlShare: aShare, at: { kind: 'matched', step: 2 } }],
  } },
  { type: 'ended', outcome: 'finished' },
];
