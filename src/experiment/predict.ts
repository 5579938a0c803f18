import { blockCuts, cutCost, predict, sum, type CutCost, type Workload } from '../backbones/cost.ts';
import type { Architecture } from '../backbones/card.ts';
import { matchPatterns } from '../backbones/freezePlan.ts';
import { networkOf } from '../backbones/networkOf.ts';
import type { Network } from '../backbones/op.ts';
import type { CostBasis, CutPrediction, Prediction } from '../protocol/answers.ts';
import { storedViewCount } from './augmentation.ts';
import type { Plan, StagePlan } from './plan.ts';
import { isRestrained, runsSource } from './restraints.ts';
import { stageLength } from './stageLength.ts';

/** What a plan would cost on this folder and machine, before anything runs. */
export interface PlanPrediction {
  /** In the order of the plan's stages. */
  readonly stages: readonly Prediction[];
  /** What it would be to train from each block on, from the input to the head. */
  readonly cuts: readonly CutPrediction[];
}

/** `backbone`: the plan's. */
export function predictPlan(plan: Plan, backbone: Pick<Architecture, 'network'>, { images, classes, rates, memoryBytes }: CostBasis): PlanPrediction {
  const network = networkOf(backbone, classes), { cuts } = knownCosts(network), work = workloadOf(plan, images);
  const wholeBatch = plan.stages.some((stage) => wantsWholeBatch(network, stage));
  return {
    stages: plan.stages.map((stage) => predict(stageCost(network, stage), { ...work, ...stageWork(network, stage) }, rates, memoryBytes)),
    cuts: cuts.map(({ path, cost }) => ({ path, trainedParameters: cost.trainedParameters, ...predict(cost, { ...work, wholeBatch }, rates, memoryBytes) })),
  };
}

/** What of a prediction depends on the network alone: worked out once, since predictions follow each keystroke. */
interface NetworkCosts {
  readonly cuts: readonly { readonly path: string; readonly cost: CutCost }[];
  readonly costOf: (train: readonly string[]) => CutCost;
}

const known = new WeakMap<Network, NetworkCosts>();

function knownCosts(network: Network): NetworkCosts {
  const costs = known.get(network) ?? costsOf(network);
  known.set(network, costs);
  return costs;
}

function costsOf(network: Network): NetworkCosts {
  const byTrain = new Map<string, CutCost>();
  return {
    cuts: blockCuts(network).map(({ path, trained }) => ({ path, cost: cutCost(network, trained) })),
    costOf: (train) => {
      const key = train.join('\n'), cost = byTrain.get(key) ?? cutCost(network, matchPatterns(network, train).trained);
      byTrain.set(key, cost);
      return cost;
    },
  };
}

/** Shares of what a scan has counted; a folder with splits of its own may divide it otherwise. */
export function workloadOf(plan: Plan, images: number): Workload {
  const { train, validation } = plan.data.split, trainSamples = Math.round(images * train), validationSamples = Math.round(images * validation);
  return { trainSamples, validationSamples, testSamples: images - trainSamples - validationSamples, views: storedViewCount(plan.stages), batch: plan.batch, accumulate: 1 };
}

/** The cut of a stage, with what its keys add: the source network runs once more per step, averages and sources are kept. */
export function stageCost(network: Network, { train, regularize, ema }: Pick<StagePlan, 'train' | 'regularize' | 'ema'>): CutCost {
  const cost = knownCosts(network).costOf(train), source = runsSource(regularize);
  return {
    ...cost, backward: source ? sum([cost.backward, cost.forward]) : cost.backward,
    besideBytes: 4 * ((source ? cost.parameters : regularize.l2sp > 0 ? cost.trainedParameters : 0) + (ema === 'off' ? 0 : cost.trainedParameters)),
  };
}

/** What of a stage decides how its batches go through. */
export const stageWork = (network: Network, stage: Pick<StagePlan, 'batchNorm' | 'accumulate' | 'regularize'>): Pick<Workload, 'accumulate' | 'wholeBatch' | 'keepsActivations'> =>
  ({ accumulate: stage.accumulate, wholeBatch: wantsWholeBatch(network, stage), keepsActivations: isRestrained(stage.regularize) });

/** Whether a batch in parts would be another step: norms by statistics of what they see at a time. */
const wantsWholeBatch = ({ nodes }: Network, { batchNorm }: Pick<StagePlan, 'batchNorm'>): boolean => batchNorm === 'batch' && nodes.some(({ op }) => op.op === 'batchNorm');

/** The whole run, every stage to its last epoch. Features are not cached yet; stages with one boundary share them. */
export function runMs({ stages, batch }: Pick<Plan, 'stages' | 'batch'>, predicted: readonly Prediction[], trainSamples: number): number {
  const features = new Map(predicted.map(({ boundary, featuresMs }) => [boundary, featuresMs]));
  return [...features.values()].reduce((total, ms) => total + ms, 0) + predicted.reduce((total, { epochMs }, i) => total + stageEpochs(stages[i]!, trainSamples, batch) * epochMs, 0);
}

/** Passes over the training samples, a broken one as its share. */
export function stageEpochs(stage: StagePlan, trainSamples: number, batch: number): number {
  const { takenSteps, perEpoch } = stageLength(stage, trainSamples, batch);
  return takenSteps / Math.max(1, perEpoch);
}
