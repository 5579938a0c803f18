import type { FeatureSource } from '../features/featureSource.ts';
import type { StagePlan } from '../../../experiment/plan.ts';
import type { TrainJob } from './trainJob.ts';
import type { Weights } from '../../../backbones/tensorData.ts';
import { prototypeHead } from './prototypeHead.ts';

/** What a stage begins with: the weights so far, under a head of class means when it asks for one. source: the stage's own. */
export async function stageStart({ dataset, plan }: TrainJob, { headStart }: StagePlan, source: FeatureSource, weights: Weights): Promise<Weights> {
  return headStart === 'kept' ? weights : new Map([...weights, ...await prototypeHead(source, dataset, plan.batch)]);
}
