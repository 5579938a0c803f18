import type { Activity, DataFacts, EarlierControl, EngineFacts, MeasuredStage, RunEvent, StageFacts } from './runEvent.ts';
import type { Calibration, Transfer } from './insight.ts';
import type { ControlKind, Score, Share, Verdict } from './verdict.ts';
import type { RunManifest, RunStatus } from './runManifest.ts';
import type { Diagnostic } from './diagnostic.ts';
import { append, emptySeries, type Series } from '../base/series.ts';
import { assertNever } from '../base/bug.ts';

/**
 * A run as it is shown: a pure fold over its journal, the same for a live run, a stored one, the terminal and the page
 * (hence here and not in runs/: the page sees base and protocol only).
 */
export interface RunState {
  readonly status: RunStatus;
  /** The `seq` this state waits for; events before it are ignored, so that replaying is harmless. */
  readonly nextSeq: number;
  /** When the newest event was written; `etaMs` counts from here. */
  readonly updatedAt?: string;
  readonly endedAt?: string;
  /** What it is doing between steps: one line of progress. */
  readonly progress?: Progress;
  readonly engine?: EngineFacts;
  readonly data?: DataFacts;
  readonly planned?: { readonly stages: readonly StageFacts[]; readonly stepsPerEpoch: number; readonly totalSteps: number; readonly predictedMs?: number };
  /** Where stages really began, in order: the bands of the charts. */
  readonly stages: readonly { readonly stage: number; readonly step: number }[];
  readonly step: number;
  readonly epoch: number;
  readonly perSecond?: number;
  /** Milliseconds to the end of what is going on now, as of `updatedAt`. */
  readonly etaMs?: number;
  /** By step: training loss (nats), the head's learning rate, validation loss (nats) and accuracy (0…1). */
  readonly loss: Series;
  readonly rate: Series;
  readonly validationLoss: Series;
  readonly validationAccuracy: Series;
  readonly best?: { readonly step: number; readonly loss: number; readonly accuracy: number };
  readonly checkpointStep?: number;
  readonly earlyStop?: { readonly step: number; readonly patience: number; readonly bestStep: number };
  readonly tested?: { readonly step: number; readonly loss: number } & Score;
  readonly measured?: Measured;
  readonly calibration?: Calibration;
  readonly transfer?: Transfer;
  /** While it trains: controls of earlier runs that it is compared with (behindControl.ts). */
  readonly watchedAgainst?: readonly EarlierControl[];
  /** In the order they started or, having nothing to train, ended. */
  readonly controls: readonly ControlState[];
  readonly verdict?: Verdict;
  readonly warnings: readonly Diagnostic[];
  /** Why it ended, when it did not simply finish. */
  readonly problem?: Diagnostic;
}

export interface Progress {
  readonly activity: Activity;
  readonly done: number;
  readonly total?: number;
}

export interface Measured {
  readonly stages: readonly MeasuredStage[];
  readonly peakBytes: number;
  readonly predictedPeakBytes: number;
}

export interface ControlState {
  readonly control: ControlKind;
  /** Absent for controls with nothing to train. */
  readonly runId?: string;
  readonly budgetMs?: number;
  /** Present once it is done. */
  readonly accuracy?: Share;
  readonly metrics?: Score['metrics'];
  readonly matchedSteps?: number;
  readonly reusedFrom?: string;
}

/** The state before the first event. Status and problem come from the manifest, for runs whose journal is lost. */
export function initialRun(manifest: Pick<RunManifest, 'status' | 'endedAt' | 'problem'>): RunState {
  const { status, endedAt, problem } = manifest;
  return {
    status, nextSeq: 0, stages: [], step: 0, epoch: 0, controls: [], warnings: [],
    loss: emptySeries(), rate: emptySeries(), validationLoss: emptySeries(), validationAccuracy: emptySeries(),
    ...(endedAt !== undefined && { endedAt }),
    ...(problem && { problem }),
  };
}

/** `run` after `event`. Does not change `run`. */
export function reduceRun(run: RunState, event: RunEvent): RunState {
  if (event.seq < run.nextSeq) return run;
  return reduceFact({ ...run, nextSeq: event.seq + 1, updatedAt: event.at }, event);
}

function reduceFact(run: RunState, event: RunEvent): RunState {
  switch (event.type) {
    case 'started': return { ...without(run, 'endedAt', 'problem'), status: 'preparing' }; // which the manifest of a run that has ended knew already
    case 'engine': return { ...run, engine: event.engine };
    case 'progress': return { ...run, ...progressOf(event) };
    case 'data': return { ...run, data: event.data };
    case 'planned': return { ...run, planned: plannedOf(event) };
    case 'plan-changed': return { ...run, planned: plannedOf(event), ...(run.watchedAgainst && { watchedAgainst: run.watchedAgainst.filter(({ control }) => control !== 'random-features') }) }; // that one follows the plan, layer by layer
    case 'watched-against': return { ...run, watchedAgainst: event.controls };
    case 'stage': return { ...run, status: 'training', stages: [...run.stages, { stage: event.stage, step: event.step }] };
    case 'step': return {
      ...without(run, 'progress'), status: 'training',
      step: event.step, epoch: event.epoch, perSecond: event.perSecond, etaMs: event.etaMs,
      loss: append(run.loss, event.step, event.loss),
      rate: append(run.rate, event.step, event.rate),
    };
    case 'evaluated': return {
      ...run, step: event.step, epoch: event.epoch,
      validationLoss: append(run.validationLoss, event.step, event.loss),
      validationAccuracy: append(run.validationAccuracy, event.step, event.accuracy),
      ...(event.best && { best: { step: event.step, loss: event.loss, accuracy: event.accuracy } }),
    };
    case 'checkpoint': return { ...run, checkpointStep: event.step };
    case 'early-stop': return { ...run, earlyStop: { step: event.step, patience: event.patience, bestStep: event.bestStep } };
    case 'tested': return {
      ...without(run, 'progress', 'etaMs', 'perSecond', 'watchedAgainst'), status: 'judging',
      tested: { step: event.step, loss: event.loss, accuracy: event.accuracy, ...(event.metrics && { metrics: event.metrics }) },
    };
    case 'measured': return { ...run, measured: { stages: event.stages, peakBytes: event.peakBytes, predictedPeakBytes: event.predictedPeakBytes } };
    case 'calibrated': return { ...run, calibration: event.calibration };
    case 'transferred': return { ...run, transfer: event.transfer };
    case 'control-started': case 'control': return { ...run, controls: withControl(run.controls, event) };
    case 'verdict': return { ...run, verdict: event.verdict };
    case 'warning': return { ...run, warnings: [...run.warnings, event.diagnostic] };
    case 'ended': return {
      ...without(run, 'progress', 'etaMs', 'perSecond', 'watchedAgainst'), status: event.outcome, endedAt: event.at,
      ...(event.diagnostic && { problem: event.diagnostic }),
    };
    default: return assertNever(event);
  }
}

function plannedOf({ stages, stepsPerEpoch, totalSteps, predictedMs }: RunEvent & { readonly type: 'planned' | 'plan-changed' }): NonNullable<RunState['planned']> {
  return { stages, stepsPerEpoch, totalSteps, ...(predictedMs !== undefined && { predictedMs }) };
}

function progressOf(event: RunEvent & { readonly type: 'progress' }): Pick<RunState, 'progress' | 'etaMs' | 'perSecond'> {
  const { activity, done, total, etaMs, perSecond } = event;
  return {
    progress: { activity, done, ...(total !== undefined && { total }) },
    ...(etaMs !== undefined && { etaMs }),
    ...(perSecond !== undefined && { perSecond }),
  };
}

function withControl(controls: readonly ControlState[], event: RunEvent & { readonly type: 'control' | 'control-started' }): readonly ControlState[] {
  const { type: _type, seq: _seq, at: _at, ...facts } = event;
  const before = controls.find(({ control }) => control === facts.control);
  const now = { ...before, ...facts };
  return before ? controls.map((each) => each === before ? now : each) : [...controls, now];
}

/** A copy of `run` that lacks `keys`: with exact optional properties, absent is not undefined. */
function without<K extends keyof RunState>(run: RunState, ...keys: readonly K[]): Omit<RunState, K> {
  const copy: Partial<RunState> = { ...run };
  for (const key of keys) Reflect.deleteProperty(copy, key);
  return copy as Omit<RunState, K>;
}
