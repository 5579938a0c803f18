import { setImmediate as nextTurn } from 'node:timers/promises';
import type { StagePlan } from '../../../experiment/plan.ts';
import type { StageBatch } from '../stages/stageBatches.ts';
import type { FeatureSource } from '../features/featureSource.ts';
import { disposeState, takeLoss, trainStep } from '../../../engine/step.ts';
import type { Weights } from '../../../backbones/tensorData.ts';
import { freezeBoundary } from '../../../backbones/boundary.ts';
import { matchPatterns } from '../../../backbones/freezePlan.ts';
import { rng } from '../../../base/rng.ts';
import { stageBatches } from '../stages/stageBatches.ts';
import { stageStart } from '../stages/stageStart.ts';
import { stageState } from '../stages/stageState.ts';
import { lengthOf, type TrainJob } from '../stages/trainJob.ts';

export interface RangeTest {
  /** Nats, before the first update. */
  readonly startLoss: number;
  readonly rates: readonly number[];
  /** After one update at each rate, of the batch that comes next; the last may be no finite number. */
  readonly losses: readonly number[];
  readonly diverged: boolean;
}

/** Where a stage starts: the weights that the one before it leaves, passes and updates over all stages before it. */
export interface StageStart {
  readonly weights: Weights;
  readonly epoch: number;
  readonly step: number;
}

/** Loss that counts as falling apart, times the lowest so far: fastai's bound. */
const divergence = 4;
/** Share of the running mean that this bound looks at; a single hard batch is no divergence. */
const carried = 0.8;

/** Rates from `lowest` to `highest`, equidistant in their logarithm: with few photos fewer, which else would be learnt by heart. */
export function ratesToTry(lowest: number, highest: number, stepsPerEpoch: number): readonly number[] {
  const count = Math.min(100, Math.max(50, 10 * stepsPerEpoch));
  return Array.from({ length: count }, (_, i) => lowest * (highest / lowest) ** (i / (count - 1)));
}

/**
 * Trains a stage from where it starts for one step at each rate, with its own batches (again and again where they do not
 * suffice), and looks what becomes of the loss; ends where that falls apart. Undefined on a stop.
 * All of it happens to a copy on the device: the weights given stay as they are.
 */
export async function rangeTest(job: TrainJob, stage: StagePlan, { weights, epoch, step }: StageStart, rates: readonly number[], onStep: (done: number) => void): Promise<RangeTest | undefined> {
  const trainable = matchPatterns(job.network, stage.train).trained, { seed } = job.plan, isStopped = (): boolean => job.stop.aborted;
  const source = await job.sourceOf(freezeBoundary(job.network, trainable), weights);
  if (isStopped()) return undefined;
  const state = stageState(job, stage, { source, weights: await stageStart(job, stage, source, weights), trainable });
  const losses: number[] = [];
  let mean = 0, lowest = Infinity;
  try {
    for await (const { items: _, ...batch } of endless(job, stage, source, epoch)) {
      const done = losses.length;
      trainStep(state, { ...batch, random: (stream) => rng(seed, stream, step + done) }, rates[done] ?? 0); // the last one is for its loss
      const loss = await takeLoss(state);
      losses.push(loss);
      onStep(done);
      mean = done === 0 ? loss : carried * mean + (1 - carried) * loss;
      lowest = Math.min(lowest, mean);
      const diverged = !Number.isFinite(loss) || mean > divergence * lowest;
      if (diverged || done === rates.length) return { startLoss: losses[0]!, rates: rates.slice(0, done), losses: losses.slice(1), diverged };
      await nextTurn(); // heartbeat and signals get their turn
      if (isStopped()) return undefined;
    }
    return undefined;
  } finally {
    disposeState(state);
  }
}

async function* endless(job: TrainJob, stage: StagePlan, source: FeatureSource, from: number): AsyncGenerator<StageBatch> {
  if (lengthOf(job, stage).perEpoch === 0) return;
  for (let epoch = from; ; epoch++) yield* stageBatches(job, stage, source, epoch);
}
