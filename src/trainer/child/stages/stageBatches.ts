import type { Batch } from '../../../engine/step.ts';
import type { FeatureSource, Row } from '../features/featureSource.ts';
import type { StagePlan } from '../../../experiment/plan.ts';
import type { TrainJob } from './trainJob.ts';
import { batches } from '../../../data/batches.ts';
import { nextView } from '../photos/views.ts';
import { rng } from '../../../base/rng.ts';
import { taskOf } from './task.ts';

/** A batch, and how many of its rows count. What is random in its step is for the step to say. */
export type StageBatch = Omit<Batch, 'random'> & { readonly items: number };

/** Updates' batches of one epoch, counted over all stages, from one to before another: order and views depend on the seed and on that number alone. */
export async function* stageBatches({ plan, dataset }: Pick<TrainJob, 'plan' | 'dataset'>, stage: StagePlan, source: FeatureSource, epoch: number, { from = 0, to = Infinity }: { readonly from?: number; readonly to?: number } = {}): AsyncGenerator<StageBatch> {
  const task = taskOf(dataset), batchSize = plan.batch * stage.accumulate, order = [...batches(dataset.rows.train, { batchSize, rng: rng(plan.seed, 'shuffle', epoch) })].slice(0, to);
  const views = rng(plan.seed, 'views', epoch), isCached = source.from !== 'input';
  const rows = order.flatMap((batch) => batch.rows.slice(0, batch.items).map((sample): Row => ({ sample, view: nextView(stage, isCached, views) })));
  let step = from;
  for await (const x of source.blocks(rows.slice(from * batchSize), batchSize)) {
    const { rows: samples, weights, items } = order[step++]!;
    const targets = task.targetsOf(samples);
    yield { x, labels: Int32Array.from(samples, (sample) => dataset.labels[sample]!), ...(targets && { targets }), weights, items };
  }
}
