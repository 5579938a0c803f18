import { blockCuts, type CutCost, cutCost, predict, type Workload } from '../backbones/cost.ts';
import type { Architecture } from '../backbones/card.ts';
import { matchPatterns } from '../backbones/freezePlan.ts';
import { networkOf } from '../backbones/networkOf.ts';
import type { Network } from '../backbones/op.ts';
import type { CostBasis, CutPrediction, Prediction } from '../protocol/answers.ts';
import type { Plan } from './plan.ts';

/** What a plan would cost on this folder and machine, before anything runs. */
export interface PlanPrediction {
  /** In the order of the plan's stages. */
  readonly stages: readonly Prediction[];
  /** What it would be to train from each block on, from the input to the head. */
  readonly cuts: readonly CutPrediction[];
}

/** `backbone`: the plan's. */
export function predictPlan(plan: Plan, backbone: Pick<Architecture, 'network'>, { images, classes, rates, memoryBytes }: CostBasis): PlanPrediction {
  const { cuts, costOf } = knownCosts(networkOf(backbone, classes)), work = workloadOf(plan, images);
  return {
    stages: plan.stages.map(({ train }) => predict(costOf(train), work, rates, memoryBytes)),
    cuts: cuts.map(({ path, cost }) => ({ path, trainedParameters: cost.trainedParameters, ...predict(cost, work, rates, memoryBytes) })),
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
  return { trainSamples, validationSamples, testSamples: images - trainSamples - validationSamples, views: viewsOf(plan), batch: plan.batch };
}

/** Both views are kept as soon as one stage flips. */
export const viewsOf = ({ stages }: Pick<Plan, 'stages'>): number => stages.some(({ augment }) => augment === 'flip') ? 2 : 1;

/** The whole run, every stage to its last epoch. Features are not cached yet; stages with one boundary share them. */
export function runMs({ stages }: Pick<Plan, 'stages'>, predicted: readonly Prediction[]): number {
  const features = new Map(predicted.map(({ boundary, featuresMs }) => [boundary, featuresMs]));
  return [...features.values()].reduce((sum, ms) => sum + ms, 0) + predicted.reduce((sum, { epochMs }, i) => sum + stages[i]!.epochs * epochMs, 0);
}
