import { setImmediate as nextTurn } from 'node:timers/promises';
import { disposeState, trainStep } from '../../engine/step.ts';
import { collectGarbage } from '../../base/collectGarbage.ts';
import { freezeBoundary } from '../../backbones/boundary.ts';
import { matchPatterns } from '../../backbones/freezePlan.ts';
import { monotonicMs } from '../../base/clock.ts';
import { rng } from '../../base/rng.ts';
import { scheduleFactor } from '../../engine/schedule.ts';
import { lengthOf, type Trained, type TrainJob } from './stages/trainJob.ts';
import { stageBatches } from './stages/stageBatches.ts';
import { stageStart } from './stages/stageStart.ts';
import { stageState } from './stages/stageState.ts';
import { TrainProgress } from './stages/trainProgress.ts';

/** Trains stage after stage, from its start or from where it was interrupted. Ends with the plan, on `stop`, or at the deadline; throws `Refused` on a loss that is not finite. */
export async function train(job: TrainJob): Promise<Trained> {
  const progress = new TrainProgress(job);
  for (let index = job.from?.state.stage ?? 0; index < progress.stages.length; index++) { // it may grow on the way
    const how = await runPhase(job, progress, index);
    if (how !== 'finished') return progress.trained(how);
  }
  return progress.trained('finished');
}

/** One stretch with one freeze plan: passes of steps, an evaluation before the first and after each, until it ends or stops improving. */
async function runPhase(job: TrainJob, progress: TrainProgress, index: number): Promise<Trained['how']> {
  const { network, plan } = job, stage = progress.stages[index]!;
  const trainable = matchPatterns(network, stage.train).trained;
  const boundary = freezeBoundary(network, trainable), isStopped = (): boolean => job.stop.aborted;
  const source = await job.sourceOf(boundary, progress.weights);
  if (isStopped()) return 'stopped';
  if (!progress.goesOnIn(index)) progress.weights = await stageStart(job, stage, source, progress.weights);
  const state = stageState(job, stage, { source, weights: progress.weights, trainable });
  try {
    progress.begin(index, state, trainable);
    collectGarbage(); // what the stage was prepared from
    await progress.watchUnits(source);
    const { perEpoch, steps: totalSteps, epochs } = lengthOf(job, stage);
    const length = { totalSteps, warmupSteps: Math.floor(totalSteps * stage.warmup) };
    for (;;) {
      if (progress.isUnseen) await progress.evaluate(source); // at step 0 too: the untouched network
      if (isStopped()) return await progress.stopped();
      const { passes } = progress, done = passes * perEpoch;
      if (passes > 0 && progress.stepInEpoch === 0) {
        progress.stages = job.changed?.(index, { epochs: passes, steps: Math.min(done, totalSteps) }) ?? progress.stages;
        if (progress.stages[index]!.leaveAfter === passes) {
          await progress.leavePhase();
          return 'finished';
        }
        if (progress.stale >= plan.stop.patience) {
          job.append({ type: 'early-stop', step: progress.step, patience: plan.stop.patience, bestStep: progress.best!.step });
          break;
        }
        if (passes === epochs) break;
      }
      for await (const { items, ...batch } of stageBatches(job, stage, source, progress.epoch, { from: progress.stepInEpoch, to: totalSteps - done })) {
        const taken = progress.step, rate = stage.rate * scheduleFactor(stage, done + progress.stepInEpoch, length);
        trainStep(state, { ...batch, random: (stream) => rng(plan.seed, stream, taken) }, rate);
        await progress.stepped(rate, items);
        await nextTurn(); // heartbeat, signals and decoders get their turn
        if (isStopped()) return await progress.stopped();
        if (job.deadlineMs !== undefined && monotonicMs() > job.deadlineMs) {
          await progress.evaluate(source);
          return await progress.stopped('deadline');
        }
      }
      progress.endPass();
    }
    await progress.endPhase(source);
    return 'finished';
  } finally {
    disposeState(state);
  }
}
