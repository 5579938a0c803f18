import { setImmediate as nextTurn } from 'node:timers/promises';
import type { StagePlan } from '../../experiment/plan.ts';
import { disposeState, restore, trainStep } from '../../engine/step.ts';
import { freezeBoundary } from '../../backbones/boundary.ts';
import { matchPatterns } from '../../backbones/freezePlan.ts';
import { monotonicMs } from '../../base/clock.ts';
import { rng } from '../../base/rng.ts';
import { scheduleFactor } from '../../engine/schedule.ts';
import { lengthOf, type Trained, type TrainJob } from './trainJob.ts';
import { stageBatches } from './stageBatches.ts';
import { stageStart } from './stageStart.ts';
import { stageState } from './stageState.ts';
import { TrainProgress } from './trainProgress.ts';

/** Trains stage after stage. Ends with the plan, on `stop`, or at the deadline; throws `Refused` on a loss that is not finite. */
export async function train(job: TrainJob): Promise<Trained> {
  const progress = new TrainProgress(job);
  for (let index = 0; index < progress.stages.length; index++) { // it may grow on the way
    const how = await runPhase(job, progress, index);
    if (how !== 'finished') return progress.trained(how);
  }
  return progress.trained('finished');
}

/** One stretch with one freeze plan: passes of steps, an evaluation after each, until it ends or stops improving. */
async function runPhase(job: TrainJob, progress: TrainProgress, index: number): Promise<Trained['how']> {
  const { network, plan } = job, stage = progress.stages[index]!;
  const trainable = matchPatterns(network, stage.train).trained;
  const boundary = freezeBoundary(network, trainable), isStopped = (): boolean => job.stop.aborted;
  const source = await job.sourceOf(boundary, progress.weights);
  if (isStopped()) return 'stopped';
  progress.weights = await stageStart(job, stage, source, progress.weights);
  const state = stageState(job, stage, { source, weights: progress.weights, trainable });
  try {
    if (progress.optimizer && keepsMoments(progress.stages[index - 1], stage)) restore(state, progress.weights, progress.optimizer);
    progress.begin(index, state, trainable);
    await progress.watchUnits(source);
    const { perEpoch, steps: totalSteps, epochs } = lengthOf(job, stage);
    const length = { totalSteps, warmupSteps: Math.floor(totalSteps * stage.warmup) };
    let stale = 0;
    if (progress.trace.length === 0) await progress.evaluate(source); // step 0: the untouched network
    if (isStopped()) return await progress.stopped(0);
    for (let epoch = 0; epoch < epochs; epoch++) {
      let step = 0;
      for await (const { items, ...batch } of stageBatches(job, stage, source, progress.epoch, totalSteps - epoch * perEpoch)) {
        const taken = progress.step, rate = stage.rate * scheduleFactor(stage, epoch * perEpoch + step, length);
        trainStep(state, { ...batch, random: (stream) => rng(plan.seed, stream, taken) }, rate);
        step++;
        await progress.stepped(rate, items);
        await nextTurn(); // heartbeat, signals and decoders get their turn
        if (isStopped()) return await progress.stopped(step);
        if (job.deadlineMs !== undefined && monotonicMs() > job.deadlineMs) {
          await progress.evaluate(source);
          return await progress.stopped(step, 'deadline');
        }
      }
      progress.epoch++;
      const improved = await progress.evaluate(source);
      if (isStopped()) return await progress.stopped(0);
      progress.stages = job.changed?.(index, { epochs: epoch + 1, steps: epoch * perEpoch + step }) ?? progress.stages;
      if (progress.stages[index]!.leaveAfter === epoch + 1) {
        await progress.leavePhase();
        return 'finished';
      }
      stale = improved ? 0 : stale + 1;
      if (stale >= plan.stop.patience) {
        job.append({ type: 'early-stop', step: progress.step, patience: plan.stop.patience, bestStep: progress.best!.step });
        break;
      }
    }
    await progress.endPhase(source);
    return 'finished';
  } finally {
    disposeState(state);
  }
}

/** Moments go on only under the rule that made them. */
const keepsMoments = (before: StagePlan | undefined, { optimizer, momentum }: StagePlan): boolean =>
  before?.optimizer === optimizer && (before.momentum > 0) === (momentum > 0);
