import { monotonicMs } from '../../../base/clock.ts';
import { about, percent, stepsText } from '../../../base/units.ts';
import { controlStages, ratesToTry, stepsToTry, type TrainedControl } from '../../../experiment/controlPlan.ts';
import { randomWeights } from '../../../backbones/initialise.ts';
import { recalibrated } from '../../../engine/recalibrate.ts';
import { better, type Evaluation, type StopMetric } from '../stages/trace.ts';
import { jobOf, report, trainFrom, type Prepared } from '../training.ts';
import { blindOutputs, knnOutputs } from './blindOutputs.ts';
import { taskOf } from '../stages/task.ts';
import { train } from '../loop.ts';
import { controlKey } from './controlKey.ts';
import { takeUp } from './interruptedControl.ts';
import { pretrained } from '../weights/cardWeights.ts';
import { matchPatterns } from '../../../backbones/freezePlan.ts';
import { pixelSource } from '../features/pixelSource.ts';
import { writePredictions } from '../../../runs/predictions.ts';
import { ProgressLine } from '../photos/progressLine.ts';
import { Refused, type Diagnostic } from '../../../protocol/diagnostic.ts';
import type { RunFolder } from '../../../runs/runFolder.ts';
import type { RunWriter } from '../runWriter.ts';
import { Sources } from '../features/sources.ts';
import { lengthOf, type Trained } from '../stages/trainJob.ts';
import { weightsHash } from '../weights/obtainCard.ts';
import type { ControlKind, Score } from '../../../protocol/verdict.ts';
import type { FeatureSource } from '../features/featureSource.ts';
import type { StagePlan } from '../../../experiment/plan.ts';
import type { Weights } from '../../../backbones/tensorData.ts';

/** What a control is a control of. */
export interface ControlTask {
  readonly prepared: Prepared;
  /** Steps that its run took. */
  readonly steps: number;
  /** Time for the from-scratch control. */
  readonly scratchMs: number;
}

/** A control that is there, or why it is not. */
export type ControlResult =
  | (Score & { readonly matchedSteps?: number })
  | { readonly why: string };

export const stoppedBefore = { why: 'stopped before it could run' } as const;

/** A linear probe is no control of a run that is one itself. */
export const isProbe = ({ network, plan }: Prepared): boolean =>
  plan.stages.every(({ train }) => [...matchPatterns(network, train).trained].every((name) => name.startsWith('head.')));

/** Has nothing to train: calls the test items and writes that down as `<folder>/eval/<name>.jsonl`. Undefined: a stop came first. */
export async function callItems(control: 'blind' | 'knn', prepared: Prepared, folder: RunFolder, name: string): Promise<Score | undefined> {
  const { dataset } = prepared, task = taskOf(dataset), { test } = dataset.rows;
  const outputs = control === 'blind' ? blindOutputs(dataset) : await nearestNeighbours(prepared);
  if (!outputs) return undefined;
  writePredictions(folder, name, task.predictionsOf(test, outputs));
  return task.scoreOf(test, outputs);
}

/** kNN on the pretrained features, right before the head; undefined when a stop came before there were any. */
async function nearestNeighbours({ run, plan, card, network, start, dataset, store, machine, engine }: Prepared): Promise<Float32Array | undefined> {
  const features = network.nodes.find(({ name }) => name === 'head')!.inputs[0]!;
  const sources = new Sources({ card, network, stages: [], store, threads: machine.threads, engine: () => Promise.resolve(engine), activity: 'features', append: run.append, stop: run.stopRequested });
  const source = await sources.of(features, plan.weights === 'random' ? await pretrained(card, network, machine.backbones, plan.seed) : start, dataset);
  if (run.stopRequested.aborted) return undefined;
  const { train, test } = dataset.rows;
  return knnOutputs(dataset, await all(source, train), await all(source, test), source.width);
}

async function all(source: FeatureSource, rows: readonly number[]): Promise<Float32Array> {
  const block = await source.blocks(rows.map((sample) => ({ sample, view: 'centre' })), rows.length).next();
  return block.value as Float32Array;
}

export const stagesOf = (control: TrainedControl, task: Pick<ControlTask, 'prepared' | 'steps'>): readonly StagePlan[] => controlStages(task.prepared.plan, control, task.prepared.dataset.rows.train.length, Math.max(1, task.steps));

export const keyOf = (control: TrainedControl, task: Pick<ControlTask, 'prepared' | 'steps'>): string => {
  const { plan, card, dataset: { fingerprint } } = task.prepared;
  return controlKey({ control, fingerprint, backbone: card.name, weights: weightsHash(card), plan, stages: stagesOf(control, task) });
};

export const budgetOf = (control: ControlKind, { scratchMs }: ControlTask): number | undefined => control === 'scratch' ? scratchMs : undefined;

/**
 * Trains a control, writing into its own folder; one that was interrupted goes on there from its last checkpoint. It gets as many
 * updates as its run took and does not stop early by itself: what starts from random weights learns slowly at first. Its best
 * evaluation is kept all the same.
 */
export async function trainControl(control: TrainedControl, task: ControlTask, writer: RunWriter): Promise<ControlResult> {
  const { prepared } = task, stop = prepared.run.stopRequested, budgetMs = budgetOf(control, task), key = keyOf(control, task);
  const startMs = monotonicMs(), activity = control === 'linear-probe' ? 'features' : 'random-features';
  writer.updateManifest({ controlKey: key, ...(budgetMs !== undefined && { budgetMs }) });
  const weights = await startOf(control, prepared), before = await takeUp(writer, key, prepared.engine.facts.name);
  const planned = stagesOf(control, task), stages = before ? planned.map((stage, i) => ({ ...stage, rate: before.place.state.rates[i]! })) : await atBestRate(control, planned, task, weights, writer);
  if (stop.aborted) return stoppedBefore;
  const result = await trainFrom(prepared, writer, weights, {
    activity, stages, patience: Infinity, stop, ...(before && { from: before.place }), ...(budgetMs !== undefined && { deadlineMs: startMs + budgetMs - (before?.spentMs ?? 0) }),
  });
  const { perEpoch } = lengthOf(prepared, stages[0]!);
  if (!result.best || result.how !== 'finished' && result.step < perEpoch) { // the run was not evaluated so early either
    return { why: `${result.how === 'stopped' ? 'it was stopped' : `its ${about(budgetMs ?? 0)} ended`} after ${stepsText(result.step)}, before its first epoch of ${perEpoch}: give it more time` };
  }
  const early = earlyByLoss(result, prepared.plan.stop.metric);
  if (early) writer.append({ type: 'warning', diagnostic: early });
  const isCut = result.how !== 'finished';
  if (isCut) writer.updateManifest({ cutAtStep: result.step });
  return { ...report(prepared, writer, { ...result, best: result.best }), ...(isCut && { matchedSteps: result.step }) };
}

/** What learns everything from few photos grows too sure: its loss rises while it gets better, and the best epoch by loss is one of the first. */
export function earlyByLoss({ best, trace }: Pick<Trained, 'best' | 'trace'>, metric: StopMetric): Diagnostic | undefined {
  const top = trace.reduce<Evaluation | undefined>((a, b) => better('validation.accuracy', b, a) ? b : a, undefined);
  if (metric !== 'validation.loss' || !best || !top || top.validationAccuracy - best.validationAccuracy < telling) return undefined;
  return {
    code: 'control-epoch', severity: 'information', fix: 'write `stop: { metric: validation.accuracy }` and run again, to choose run and controls by that',
    message: `by validation loss its best step is ${best.step}, with ${percent(best.validationAccuracy)} of the validation photos right; at step ${top.step} it had ${percent(top.validationAccuracy)}`,
  };
}

const telling = 0.1;

/** The stages at the best of a few rates, each tried for a tenth of the updates and, where time is limited, of the time. */
async function atBestRate(control: TrainedControl, stages: readonly StagePlan[], { prepared, scratchMs }: ControlTask, weights: Weights, writer: RunWriter): Promise<readonly StagePlan[]> {
  const rates = ratesToTry[control], stage = stages[0]!, { steps: length, perEpoch } = lengthOf(prepared, stage), steps = stepsToTry(length, perEpoch);
  if (rates.length === 0 || steps === 0) return stages;
  const { run, plan: { stop: { metric } } } = prepared, line = new ProgressLine('trying-rates', writer.append), tried: { rate: number; best: Evaluation | undefined }[] = [];
  for (const rate of rates) {
    line.at(tried.length, rates.length);
    const deadline = control === 'scratch' ? { deadlineMs: monotonicMs() + scratchMs / 10 } : {};
    const { predictionOf: _, ...job } = await jobOf(prepared, weights, { activity: 'features', stages: [{ ...stage, steps, rate }], patience: Infinity, stop: run.stopRequested, ...deadline }, writer.append);
    const unheard = { append: () => undefined, checkpoint: () => undefined, timed: () => undefined };
    const trial = await train({ ...job, ...unheard, dataset: { ...job.dataset, rows: { ...job.dataset.rows, test: [] } } }) // a rate is chosen on validation
      .catch((error: unknown) => {
        if (error instanceof Refused && error.diagnostics[0]?.code === 'non-finite-loss') return undefined; // this rate is out
        throw error;
      });
    if (run.stopRequested.aborted) return stages;
    tried.push({ rate, best: trial && trial.step > 0 ? trial.best : undefined });
  }
  const best = tried.reduce((a, b) => b.best && better(metric, b.best, a.best) ? b : a), seen = ({ best: found }: typeof best): string => !found ? 'diverged' : metric === 'validation.loss' ? found.validationLoss.toFixed(3) : percent(found.validationAccuracy);
  if (!best.best) return stages;
  writer.append({
    type: 'warning',
    diagnostic: { code: 'control-rate', severity: 'information', message: `${metric} after ${stepsText(steps)} at each of the rates ${tried.map((each) => `${each.rate}: ${seen(each)}`).join(', ')}; the control is trained at ${best.rate}` },
  });
  return [{ ...stage, rate: best.rate }];
}

/** Images that a random backbone's batch norms are measured on. */
const calibrationImages = 32;

async function startOf(control: TrainedControl, { network, plan, dataset, card, engine, start, machine }: Prepared): Promise<Weights> {
  if (control === 'linear-probe') return plan.weights === 'random' ? pretrained(card, network, machine.backbones, plan.seed) : start;
  const weights = randomWeights(network, plan.seed);
  if (control === 'scratch') return weights; // its batch norms measure for themselves, batch by batch
  const rows = dataset.rows.train.slice(0, calibrationImages).map((sample) => ({ sample, view: 'centre' as const }));
  const block = await pixelSource(dataset, card.input).blocks(rows, rows.length).next();
  return recalibrated(network, weights, block.value as Uint8Array, card.input, engine.kernels);
}
