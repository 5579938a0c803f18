import type { Network } from '../../backbones/op.ts';
import type { LiveLayers } from './stages/liveLayers.ts';
import type { Opened } from './openExperiment.ts';
import type { Prediction } from '../../protocol/answers.ts';
import type { Origins, Plan, StagePlan } from '../../experiment/plan.ts';
import type { RunWriter, TrainerRun } from './runWriter.ts';
import type { RunFact, StageFacts } from '../../protocol/runEvent.ts';
import { LiveChecks } from '../../evidence/liveChecks.ts';
import type { Score } from '../../protocol/verdict.ts';
import type { StageLength } from '../../experiment/stageLength.ts';
import type { Weights } from '../../backbones/tensorData.ts';
import { openingBytes, predict, stepFlops, stepMs, type Fit } from '../../backbones/cost.ts';
import { encodeSafetensors } from '../../backbones/safetensors.ts';
import { matchPatterns } from '../../backbones/freezePlan.ts';
import { availableMemory, peakMemory } from './machine/memory.ts';
import { EpochClock } from './stages/epochClock.ts';
import { halfWay, learnRates, mend, mended, readRates } from './machine/rates.ts';
import { parametersOf } from '../../backbones/parameters.ts';
import { chosenForLess } from '../../protocol/chosenForLess.ts';
import { isJudged, type Judged } from './stages/trace.ts';
import { writePredictions } from '../../runs/predictions.ts';
import { sourceHeadOf } from './weights/cardWeights.ts';
import { taskOf } from './stages/task.ts';
import { Sources } from './features/sources.ts';
import { lengthOf, type TrainCheckpoint, type TrainPlace, type Trained, type TrainJob } from './stages/trainJob.ts';
import { train } from './loop.ts';
import { stageCost, stageEpochs, stageWork } from '../../experiment/predict.ts';
import { storedViewCount } from '../../experiment/augmentation.ts';
import { type CheckpointRole, writeCheckpoint } from '../../runs/checkpoint.ts';
import { writeTrace } from '../../runs/trace.ts';

/** A run once its folder has been read: all that training it, and its controls, needs. */
export interface Prepared extends Opened {
  readonly run: TrainerRun;
  /** Where the plan's values come from. */
  readonly origins: Origins;
}

export interface TrainingOf {
  readonly activity: 'features' | 'random-features';
  readonly stages: Plan['stages'];
  readonly stop: AbortSignal;
  readonly deadlineMs?: number;
  /** Where an interrupted one goes on; left out: it starts. */
  readonly from?: TrainPlace;
  /** Left out: the plan's own. */
  readonly patience?: number;
  /** Layers that are thawed and frozen on the way; left out: none are. */
  readonly live?: LiveLayers;
}

type JobOf = Omit<TrainJob, 'append' | 'checkpoint' | 'timed'> & { predictionOf(stage: StagePlan): Prediction };

/** What is the same of a training job, whoever listens to it. `append`: told how far features are, and what is said of them. */
export async function jobOf(opened: Opened, weights: Weights, how: TrainingOf, append: (fact: RunFact) => void): Promise<JobOf> {
  const { card, network, dataset, engine, store, machine, plan } = opened, { stages, stop, deadlineMs } = how;
  const sourceHead = stages.some(({ regularize }) => regularize.lwf > 0) ? await sourceHeadOf(card, machine.backbones) : undefined;
  const sources = new Sources({ card, network, stages, store, threads: machine.threads, engine: () => Promise.resolve(engine), activity: how.activity, append, stop });
  const predictionOf = predictionsOf(opened, stages);
  return {
    network, input: card.input, kernels: engine.kernels, plan: { ...plan, stages, stop: { ...plan.stop, patience: how.patience ?? plan.stop.patience } },
    weights, dataset, predictionOf, stop, ...(sourceHead && { sourceHead }), ...(deadlineMs !== undefined && { deadlineMs }), ...(how.from && { from: how.from }),
    fitOf: predictionOf,
    sourceOf: (boundary, now) => sources.of(boundary, now, dataset),
  };
}

/** Trains the network from `weights`, writing into `writer`: the run itself, or one of its controls. */
export async function trainFrom(prepared: Opened, writer: RunWriter, weights: Weights, how: TrainingOf): Promise<Trained> {
  const { network, engine, machine, plan, dataset } = prepared;
  const { predictionOf, ...job } = await jobOf(prepared, weights, how, writer.append), clock = new EpochClock();
  const plannedOf = (stages: Plan['stages']) => {
    const lengths = stages.map((stage) => lengthOf(job, stage));
    return {
      stages: stageFactsOf(network, stages, lengths).map((facts, i): StageFacts => {
        const { epochMs, peakBytes, cacheBytes } = predictionOf(stages[i]!);
        return { ...facts, predicted: { epochMs, peakBytes, cacheBytes } };
      }),
      stepsPerEpoch: lengths[0]!.perEpoch,
      totalSteps: lengths.reduce((sum, { takenSteps }) => sum + takenSteps, 0),
      predictedMs: stages.reduce((sum, stage) => sum + predictionOf(stage).epochMs * stageEpochs(stage, dataset.rows.train.length, plan.batch), 0),
    };
  };
  // A control that learns nothing is a result; a run that does is a failure. What is said counts photos that are right.
  const checks = writer.manifest.controlOf === undefined && dataset.facts.task === undefined ? new LiveChecks(dataset.facts) : undefined;
  const append = (fact: RunFact): void => {
    writer.append(fact);
    for (const diagnostic of checks?.see(fact) ?? []) writer.append({ type: 'warning', diagnostic });
  };
  append({ type: 'planned', ...plannedOf(how.stages) });
  how.stages.forEach((stage) => sayFit(writer, stage, plan.batch, predictionOf(stage)));
  const trained = await train({
    ...job,
    watchesUnits: writer.manifest.controlOf === undefined,
    append: (fact) => {
      clock.see(fact);
      append(fact);
    },
    checkpoint: (checkpoint, role) => keep(writer, checkpoint, role),
    timed: (stage, steps, elapsedMs) => learnStepRates(prepared, stage, predictionOf(stage), steps, elapsedMs),
    changed: (index, left) => {
      const change = how.live?.changed(index, left), next = change?.stages[index + 1];
      if (!change || !next) return undefined;
      writer.append({ type: 'plan-changed', stage: index + 1, origin: change.origin, ...plannedOf(change.stages) });
      sayFit(writer, next, plan.batch, predictionOf(next));
      const slow = stepFlops(stageCost(network, next)) > stepFlops(stageCost(network, change.stages[index]!)) ? chosenForLess(engine.facts) : undefined;
      if (slow !== undefined) writer.append({ type: 'warning', diagnostic: { code: 'engine-fallback', severity: 'information', message: `stage "${next.name}": ${slow}` } });
      return change.stages;
    },
  });
  const peakBytes = peakMemory(), predictedPeakBytes = Math.max(...trained.stages.map((stage) => predictionOf(stage).peakBytes));
  const measured = trained.stages.flatMap((stage, i) => {
    const epochMs = clock.medianOf(i);
    return epochMs === undefined ? [] : [{ name: stage.name, epochMs, predictedEpochMs: predictionOf(stage).epochMs }];
  });
  writer.append({ type: 'measured', stages: measured, peakBytes, predictedPeakBytes });
  learnRates(machine, engine.facts.name, (known) => {
    const opening = openingBytes(stageCost(network, trained.stages[0]!), known), part = prepared.cached ? 'baseBytes' : 'prefixBytes';
    const isTraining = predictedPeakBytes > (prepared.cached ? 1.5 * (known.baseBytes + known.prefixBytes) : opening); // then activations are what was misjudged
    return isTraining ? {} : { [part]: halfWay(known[part], Math.max(known[part] / 4, known[part] + peakBytes - predictedPeakBytes)) };
  });
  return trained;
}

/** From the samples as they are, and the memory that is there now; of each stage once, so that what it was told stays true while it trains. */
function predictionsOf({ plan, network, dataset: { rows }, machine, engine, cached }: Opened, stages: Plan['stages']): (stage: StagePlan) => Prediction {
  const { rates } = readRates(machine, engine.facts.name), memory = availableMemory(engine.facts.name);
  const work = { trainSamples: rows.train.length, validationSamples: rows.validation.length, testSamples: rows.test.length, views: storedViewCount(stages), batch: plan.batch, cached };
  const known = new Map<string, Prediction>();
  return (stage) => {
    const { train: trains, regularize, ema, accumulate, batchNorm } = stage, key = JSON.stringify([trains, regularize, ema, accumulate, batchNorm]);
    const found = known.get(key) ?? predict(stageCost(network, stage), { ...work, ...stageWork(network, stage) }, rates, memory);
    known.set(key, found);
    return found;
  };
}

function sayFit({ append }: RunWriter, { name, batchNorm }: StagePlan, batch: number, { rowsAtOnce: rows, recomputes }: Fit): void {
  if (recomputes) append({ type: 'warning', diagnostic: { code: 'recomputed', severity: 'information', message: `stage "${name}": the activations of a batch of ${batch} do not fit into memory; they are computed again for the gradients, which takes about a third longer: the steps are the same` } });
  if (rows >= batch) return;
  const message = `stage "${name}": a batch of ${batch} does not fit into memory at once; it goes through in parts of ${rows}, and their gradients are added up`;
  append({
    type: 'warning',
    diagnostic: batchNorm === 'batch'
      ? { code: 'batch-split', severity: 'warning', message: `${message}. Its batch norms see ${rows} photos at a time, which is not the same`, fix: `use \`batchNorm: stored\`, or \`batch: ${rows}\`` }
      : { code: 'batch-split', severity: 'information', message: `${message}: the steps are the same` },
  });
}

/** Mends the larger part of what a step was thought to take: that which grows with its rows, or what each op costs anyway. */
function learnStepRates({ network, machine, engine, plan }: Opened, stage: StagePlan, { rowsAtOnce, recomputes }: Fit, steps: number, elapsedMs: number): void {
  if (steps === 0) return;
  const cost = stageCost(network, stage), seenMs = elapsedMs / steps;
  learnRates(machine, engine.facts.name, (known, weight) => {
    const { work, fixed } = stepMs(cost, stage.accumulate * plan.batch, stage.accumulate * Math.ceil(plan.batch / rowsAtOnce), known, recomputes);
    if (work < fixed) return { msPerStep: mend(known.msPerStep, (seenMs - work - (fixed - known.msPerStep)) / known.msPerStep, weight) };
    const factor = (seenMs - fixed) / work;
    return { forward: mended(known.forward, factor, weight), backward: mended(known.backward, factor, weight) };
  });
}

function keep(writer: RunWriter, { step, weights, optimizer, evaluations, state }: TrainCheckpoint, role: CheckpointRole): void {
  const encoded = (tensors: Weights): Uint8Array => encodeSafetensors(tensors, { dtype: 'F32' });
  writeCheckpoint(writer.folder, { step, weights: encoded(weights), optimizer: encoded(optimizer), evaluations: encoded(evaluations), state }, role);
}

export function stageFactsOf(network: Network, stages: Plan['stages'], lengths: readonly StageLength[]): StageFacts[] {
  const sizeOf = new Map(parametersOf(network).map(({ name, size }) => [name, size]));
  let fromStep = 0;
  return stages.map(({ name, train: trains, rate }, i) => {
    const { takenSteps, perEpoch: stepsPerEpoch, takenEpochs: epochs } = lengths[i]!;
    const trainedParameters = [...matchPatterns(network, trains).trained].reduce((sum, parameter) => sum + sizeOf.get(parameter)!, 0);
    const facts = { name, fromStep, epochs, stepsPerEpoch, trains, trainedParameters, rate };
    fromStep += takenSteps;
    return facts;
  });
}

/** How good it is on the test photos and a prediction per item, of the evaluation that validation chose; and, of each that was the best so far, which items were right, or which numbers were said. */
export function report({ dataset }: Pick<Opened, 'dataset'>, writer: RunWriter, { trace, best }: Pick<Trained, 'trace'> & { readonly best: Judged }): Score {
  const task = taskOf(dataset), { test } = dataset.rows, score = task.scoreOf(test, best.testLogits);
  writePredictions(writer.folder, 'test', task.predictionsOf(test, best.testLogits));
  writeTrace(writer.folder, trace.map((evaluation) => ({ step: evaluation.step, best: isJudged(evaluation), ...isJudged(evaluation) && task.tracedOf(test, evaluation.testLogits) })));
  writer.append({ type: 'tested', step: best.step, loss: best.testLoss, ...score });
  return score;
}
