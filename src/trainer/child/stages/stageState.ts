import type { FeatureSource } from '../features/featureSource.ts';
import type { StagePlan } from '../../../experiment/plan.ts';
import type { TrainJob } from './trainJob.ts';
import type { Weights } from '../../../backbones/tensorData.ts';
import { createState, setStage, type TrainState } from '../../../engine/step.ts';
import { optimizerOf, stageSettings } from './stageSettings.ts';

/** The network on the device as a stage trains it from `weights`; the caller disposes it. */
export function stageState(job: TrainJob, stage: StagePlan, { source, weights, trainable }: { readonly source: FeatureSource; readonly weights: Weights; readonly trainable: ReadonlySet<string> }): TrainState {
  const { network, input, kernels } = job;
  const state = createState({ network, from: source.from, input, weights, kernels, optimizer: optimizerOf(stage) });
  setStage(state, stageSettings(job, stage, trainable));
  return state;
}
