import type { Card } from '../../backbones/card.ts';
import type { ByteStore } from '../../base/byteStore.ts';
import type { Machine } from './machine.ts';
import type { Network } from '../../backbones/op.ts';
import type { Plan, StagePlan } from '../../experiment/plan.ts';
import type { RunWriter, TrainerRun } from './runWriter.ts';
import type { StageFacts } from '../../protocol/runEvent.ts';
import type { Weights } from '../../backbones/tensorData.ts';
import type { Dataset } from './dataset.ts';
import type { Engine } from './engine.ts';
import { cutCost } from '../../backbones/cost.ts';
import { encodeSafetensors } from '../../backbones/safetensors.ts';
import { matchPatterns } from '../../backbones/freezePlan.ts';
import { learnRates, readRates } from './rates.ts';
import { parametersOf } from '../../backbones/parameters.ts';
import { predictedOf, probabilitiesOf, type Evaluation } from './trace.ts';
import { predictionOf, writePredictions } from '../../runs/predictions.ts';
import { shareOf } from '../../evidence/intervals.ts';
import { Sources } from './sources.ts';
import { stepsPerEpochOf, type TrainCheckpoint, type Trained } from './trainJob.ts';
import { train } from './loop.ts';
import { writeCheckpoint } from '../../runs/checkpoint.ts';

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
}

/** Trains the network from `weights`, writing into `writer`: the run itself, or one of its controls. */
export async function trainFrom(prepared: Prepared, writer: RunWriter, weights: Weights, how: TrainingOf): Promise<Trained> {
  const { card, network, dataset, engine, store, machine, plan } = prepared;
  const job = { network, input: card.input, kernels: engine.kernels, plan: { ...plan, stages: how.stages, stop: { ...plan.stop, patience: how.patience ?? plan.stop.patience } }, weights, dataset };
  const sources = new Sources({ card, network, stages: how.stages, store, threads: machine.threads, engine: () => Promise.resolve(engine), activity: how.activity, append: writer.append, stop: how.stop });
  const perEpoch = stepsPerEpochOf(job);
  writer.append({ type: 'planned', stages: stageFactsOf(network, how.stages, perEpoch), stepsPerEpoch: perEpoch, totalSteps: perEpoch * how.stages.reduce((sum, { epochs }) => sum + epochs, 0) });
  return train({
    ...job,
    append: (fact) => void writer.append(fact),
    checkpoint: (checkpoint, best) => keep(writer, checkpoint, best),
    sourceOf: (boundary, now) => sources.of(boundary, now, dataset),
    timed: (stage, steps, elapsedMs) => learnStepRate(prepared, stage, steps, elapsedMs),
    stop: how.stop,
    ...(how.deadlineMs !== undefined && { deadlineMs: how.deadlineMs }),
  });
}

/** Steps of next to no arithmetic tell what a step costs anyway, the others how fast the engine is. */
function learnStepRate({ network, machine, engine, plan }: Prepared, { train: trains }: StagePlan, steps: number, elapsedMs: number): void {
  if (steps === 0) return;
  const flops = cutCost(network, matchPatterns(network, trains).trained).stepFlops * plan.batch, { stepOverheadMs } = readRates(machine, engine.facts.name);
  const perStepMs = elapsedMs / steps;
  learnRates(machine, engine.facts.name, flops < smallStepFlops ? { stepOverheadMs: perStepMs } : { stepFlopsPerSecond: 1000 * flops / Math.max(1, perStepMs - stepOverheadMs) });
}

const smallStepFlops = 1e8;

function keep(writer: RunWriter, { step, weights, optimizer, state }: TrainCheckpoint, best: boolean): void {
  writeCheckpoint(writer.folder, { step, weights: encodeSafetensors(weights, { dtype: 'F32' }), optimizer: encodeSafetensors(optimizer, { dtype: 'F32' }), state }, best);
}

export function stageFactsOf(network: Network, stages: Plan['stages'], perEpoch: number): StageFacts[] {
  const sizeOf = new Map(parametersOf(network).map(({ name, size }) => [name, size]));
  let fromStep = 0;
  return stages.map(({ name, train: trains, epochs, rate }) => {
    const trainedParameters = [...matchPatterns(network, trains).trained].reduce((sum, parameter) => sum + sizeOf.get(parameter)!, 0);
    const facts = { name, fromStep, epochs, trains, trainedParameters, rate };
    fromStep += epochs * perEpoch;
    return facts;
  });
}

/** Test accuracy and a prediction per item, of the evaluation that validation chose. */
export function report({ dataset }: Pick<Prepared, 'dataset'>, writer: RunWriter, best: Evaluation): void {
  const { rows, labels, samples, classes } = dataset;
  const predicted = predictedOf(best.testLogits, classes.length);
  const correct = rows.test.filter((row, i) => predicted[i] === labels[row]).length;
  writePredictions(writer.folder, 'test', rows.test.map((row, i) => predictionOf(samples[row]!.id, labels[row]!, probabilitiesOf(best.testLogits, i, classes.length))));
  writer.append({ type: 'tested', step: best.step, loss: best.testLoss, accuracy: shareOf(correct, rows.test.length) });
}
