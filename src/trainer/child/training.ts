import type { Card } from '../../backbones/card.ts';
import type { ByteStore } from '../../base/byteStore.ts';
import type { Machine } from './machine.ts';
import type { Network } from '../../backbones/op.ts';
import type { Prediction } from '../../protocol/answers.ts';
import type { Plan, StagePlan } from '../../experiment/plan.ts';
import type { RunWriter, TrainerRun } from './runWriter.ts';
import type { Share } from '../../protocol/verdict.ts';
import type { StageLength } from '../../experiment/stageLength.ts';
import { LiveChecks } from '../../evidence/liveChecks.ts';
import type { RunFact, StageFacts } from '../../protocol/runEvent.ts';
import type { Weights } from '../../backbones/tensorData.ts';
import type { Dataset } from './dataset.ts';
import type { Engine } from './engine.ts';
import { predict, stepMs } from '../../backbones/cost.ts';
import { encodeSafetensors } from '../../backbones/safetensors.ts';
import { matchPatterns } from '../../backbones/freezePlan.ts';
import { availableMemory, peakMemory } from './memory.ts';
import { EpochClock } from './epochClock.ts';
import { halfWay, learnRates, mended, readRates } from './rates.ts';
import { parametersOf } from '../../backbones/parameters.ts';
import { predictedOf, probabilitiesOf, withBest, type Evaluation } from './trace.ts';
import { predictionOf, writePredictions } from '../../runs/predictions.ts';
import { shareOf } from '../../evidence/intervals.ts';
import { sourceHeadOf } from './cardWeights.ts';
import { Sources } from './sources.ts';
import { lengthOf, type TrainCheckpoint, type Trained } from './trainJob.ts';
import { train } from './loop.ts';
import { stageCost, stageEpochs } from '../../experiment/predict.ts';
import { storedViewCount } from '../../experiment/augmentation.ts';
import { writeCheckpoint } from '../../runs/checkpoint.ts';
import { writeTrace } from '../../runs/trace.ts';

/** A run once its folder has been read: all that training it, and its controls, needs. */
export interface Prepared {
  readonly run: TrainerRun;
  readonly machine: Machine;
  readonly plan: Plan;
  readonly card: Card;
  readonly network: Network;
  readonly dataset: Dataset;
  readonly engine: Engine;
  /** Where it starts: pretrained, with a new head. */
  readonly start: Weights;
  /** Features of all runs of this home. */
  readonly store: ByteStore;
}

export interface TrainingOf {
  readonly activity: 'features' | 'random-features';
  readonly stages: Plan['stages'];
  readonly stop: AbortSignal;
  readonly deadlineMs?: number;
  /** Left out: the plan's own. */
  readonly patience?: number;
  /** A short try: leaves neither events nor checkpoints. */
  readonly isTrial?: boolean;
}

/** Trains the network from `weights`, writing into `writer`: the run itself, or one of its controls. */
export async function trainFrom(prepared: Prepared, writer: RunWriter, weights: Weights, how: TrainingOf): Promise<Trained> {
  const { card, network, dataset, engine, store, machine, plan } = prepared;
  const sourceHead = how.stages.some(({ regularize }) => regularize.lwf > 0) ? await sourceHeadOf(card, machine.backbones) : undefined;
  const job = { network, input: card.input, kernels: engine.kernels, plan: { ...plan, stages: how.stages, stop: { ...plan.stop, patience: how.patience ?? plan.stop.patience } }, weights, dataset, ...(sourceHead && { sourceHead }) };
  const sources = new Sources({ card, network, stages: how.stages, store, threads: machine.threads, engine: () => Promise.resolve(engine), activity: how.activity, append: writer.append, stop: how.stop });
  const predicted = predictStages(prepared, how.stages), clock = new EpochClock(), lengths = how.stages.map((stage) => lengthOf(job, stage));
  const stages = stageFactsOf(network, how.stages, lengths).map((facts, i) => {
    const { epochMs, peakBytes, cacheBytes } = predicted[i]!;
    return { ...facts, predicted: { epochMs, peakBytes, cacheBytes } };
  });
  const predictedMs = predicted.reduce((sum, { epochMs }, i) => sum + epochMs * stageEpochs(how.stages[i]!, dataset.rows.train.length, plan.batch), 0);
  // A control that learns nothing is a result; a run that does is a failure.
  const checks = writer === prepared.run && writer.manifest.controlOf === undefined ? new LiveChecks(dataset.facts) : undefined;
  const append = (fact: RunFact): void => {
    if (how.isTrial) return;
    writer.append(fact);
    for (const diagnostic of checks?.see(fact) ?? []) writer.append({ type: 'warning', diagnostic });
  };
  append({ type: 'planned', stages, stepsPerEpoch: lengths[0]!.perEpoch, totalSteps: lengths.reduce((sum, { steps }) => sum + steps, 0), predictedMs });
  if (!how.isTrial) how.stages.forEach((stage, i) => sayParts(writer, stage, plan.batch, predicted[i]!.rowsAtOnce));
  const trained = await train({
    ...job,
    rowsAtOnce: (stage) => predicted[how.stages.indexOf(stage)]!.rowsAtOnce,
    append: (fact) => {
      clock.see(fact);
      append(fact);
    },
    checkpoint: (checkpoint, best) => { if (!how.isTrial) keep(writer, checkpoint, best); },
    sourceOf: (boundary, now) => sources.of(boundary, now, dataset),
    timed: (stage, steps, elapsedMs) => learnStepRates(prepared, stage, predicted[how.stages.indexOf(stage)]!.rowsAtOnce, steps, elapsedMs),
    stop: how.stop,
    ...(how.deadlineMs !== undefined && { deadlineMs: how.deadlineMs }),
  });
  const peakBytes = peakMemory(), predictedPeakBytes = Math.max(...predicted.map((each) => each.peakBytes));
  const measured = stages.flatMap(({ name, predicted: { epochMs: predictedEpochMs } }, i) => {
    const epochMs = clock.medianOf(i);
    return epochMs === undefined ? [] : [{ name, epochMs, predictedEpochMs }];
  });
  append({ type: 'measured', stages: measured, peakBytes, predictedPeakBytes });
  // Where activations are the larger part, they are what was misjudged.
  learnRates(machine, engine.facts.name, ({ baseBytes }) => ({ baseBytes: predictedPeakBytes < 1.5 * baseBytes ? halfWay(baseBytes, baseBytes + peakBytes - predictedPeakBytes) : baseBytes }));
  return trained;
}

/** From the samples as they are, and the memory that is there now. */
function predictStages({ plan, network, dataset: { rows }, machine, engine }: Prepared, stages: Plan['stages']): readonly Prediction[] {
  const { rates } = readRates(machine, engine.facts.name), memory = availableMemory(engine.facts.name);
  const work = { trainSamples: rows.train.length, validationSamples: rows.validation.length, testSamples: rows.test.length, views: storedViewCount(stages), batch: plan.batch };
  return stages.map((stage) => predict(stageCost(network, stage), { ...work, accumulate: stage.accumulate }, rates, memory));
}

function sayParts({ append }: RunWriter, { name, batchNorm }: StagePlan, batch: number, rows: number): void {
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
function learnStepRates({ network, machine, engine, plan }: Prepared, stage: StagePlan, rowsAtOnce: number, steps: number, elapsedMs: number): void {
  if (steps === 0) return;
  const cost = stageCost(network, stage), seenMs = elapsedMs / steps;
  learnRates(machine, engine.facts.name, (known) => {
    const { work, fixed } = stepMs(cost, stage.accumulate * plan.batch, stage.accumulate * Math.ceil(plan.batch / rowsAtOnce), known);
    if (work < fixed) return { msPerStep: halfWay(known.msPerStep, seenMs - work - (fixed - known.msPerStep)) };
    const factor = (seenMs - fixed) / work;
    return { forward: mended(known.forward, factor), backward: mended(known.backward, factor) };
  });
}

function keep(writer: RunWriter, { step, weights, optimizer, state }: TrainCheckpoint, best: boolean): void {
  writeCheckpoint(writer.folder, { step, weights: encodeSafetensors(weights, { dtype: 'F32' }), optimizer: encodeSafetensors(optimizer, { dtype: 'F32' }), state }, best);
}

export function stageFactsOf(network: Network, stages: Plan['stages'], lengths: readonly StageLength[]): StageFacts[] {
  const sizeOf = new Map(parametersOf(network).map(({ name, size }) => [name, size]));
  let fromStep = 0;
  return stages.map(({ name, train: trains, rate }, i) => {
    const { steps, perEpoch: stepsPerEpoch, epochs } = lengths[i]!;
    const trainedParameters = [...matchPatterns(network, trains).trained].reduce((sum, parameter) => sum + sizeOf.get(parameter)!, 0);
    const facts = { name, fromStep, epochs, stepsPerEpoch, trains, trainedParameters, rate };
    fromStep += steps;
    return facts;
  });
}

/** Test accuracy and a prediction per item, of the evaluation that validation chose; and, of every evaluation, which items were right. */
export function report({ dataset, plan }: Pick<Prepared, 'dataset' | 'plan'>, writer: RunWriter, { trace, best }: Pick<Trained, 'trace'> & { readonly best: Evaluation }): Share {
  const { rows, labels, samples, classes } = dataset;
  const rightOf = ({ testLogits }: Evaluation): string => Array.from(predictedOf(testLogits, classes.length), (label, i) => Number(label === labels[rows.test[i]!])).join('');
  writePredictions(writer.folder, 'test', rows.test.map((row, i) => predictionOf(samples[row]!.id, labels[row]!, probabilitiesOf(best.testLogits, i, classes.length))));
  writeTrace(writer.folder, withBest(trace, plan.stop.metric).map(({ evaluation, isBest }) => ({ step: evaluation.step, best: isBest, right: rightOf(evaluation) })));
  const accuracy = shareOf(rightOf(best).replaceAll('0', '').length, rows.test.length);
  writer.append({ type: 'tested', step: best.step, loss: best.testLoss, accuracy });
  return accuracy;
}
