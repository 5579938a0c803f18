import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Row } from './featureSource.ts';
import type { StagePlan } from '../../experiment/plan.ts';
import { batches } from '../../data/batches.ts';
import { createState, disposeState, restore, setStage, trainStep } from '../../engine/step.ts';
import { freezeBoundary } from '../../backbones/boundary.ts';
import { matchPatterns } from '../../backbones/freezePlan.ts';
import { monotonicMs } from '../../base/clock.ts';
import { rng } from '../../base/rng.ts';
import { scheduleFactor } from '../../engine/schedule.ts';
import { lengthOf, type Trained, type TrainJob } from './trainJob.ts';
import { nextView } from './views.ts';
import { optimizerOf, stageSettings } from './stageSettings.ts';
import { TrainProgress } from './trainProgress.ts';

/** Trains stage after stage. Ends with the plan, on `stop`, or at the deadline; throws `Refused` on a loss that is not finite. */
export async function train(job: TrainJob): Promise<Trained> {
  const progress = new TrainProgress(job);
  for (const [index, stage] of job.plan.stages.entries()) {
    const how = await runPhase(job, progress, index, stage);
    if (how !== 'finished') return progress.trained(how);
  }
  return progress.trained('finished');
}

/** One stretch with one freeze plan: passes of steps, an evaluation after each, until it ends or stops improving. */
async function runPhase(job: TrainJob, progress: TrainProgress, index: number, stage: StagePlan): Promise<Trained['how']> {
  const { network, plan, dataset } = job;
  const trainable = matchPatterns(network, stage.train).trained;
  const boundary = freezeBoundary(network, trainable), isStopped = (): boolean => job.stop.aborted;
  const source = await job.sourceOf(boundary, progress.weights);
  if (isStopped()) return 'stopped';
  const state = createState({ network, from: source.from, input: job.input, weights: progress.weights, kernels: job.kernels, optimizer: optimizerOf(stage) });
  try {
    setStage(state, stageSettings(job, stage, trainable));
    if (progress.optimizer && keepsMoments(plan.stages[index - 1], stage)) restore(state, progress.weights, progress.optimizer);
    progress.begin(index, state, trainable);
    const { perEpoch, steps: totalSteps, epochs } = lengthOf(job, stage), batchSize = plan.batch * stage.accumulate;
    const length = { totalSteps, warmupSteps: Math.floor(totalSteps * stage.warmup) };
    let stale = 0;
    if (progress.trace.length === 0) await progress.evaluate(source); // step 0: the untouched network
    if (isStopped()) return await progress.stopped(0);
    for (let epoch = 0; epoch < epochs; epoch++) {
      const order = [...batches(dataset.rows.train, { batchSize, rng: rng(plan.seed, 'shuffle', progress.epoch) })].slice(0, totalSteps - epoch * perEpoch);
      const views = rng(plan.seed, 'views', progress.epoch);
      const rows = order.flatMap((batch) => batch.rows.slice(0, batch.items).map((sample): Row => ({ sample, view: nextView(stage, boundary !== 'input', views) })));
      let step = 0;
      for await (const x of source.blocks(rows, batchSize)) {
        const { rows: samples, weights, items } = order[step]!, taken = progress.step;
        const rate = stage.rate * scheduleFactor(stage, epoch * perEpoch + step, length);
        trainStep(state, { x, labels: Int32Array.from(samples, (sample) => dataset.labels[sample]!), weights, random: (stream) => rng(plan.seed, stream, taken) }, rate);
        step++;
        await progress.stepped(rate, items);
        await nextTurn(); // heartbeat, signals and decoders get their turn
        if (isStopped()) return await progress.stopped(step);
        if (job.deadlineMs !== undefined && monotonicMs() > job.deadlineMs) {
          await progress.evaluate(source);
          return 'deadline';
        }
      }
      progress.epoch++;
      const improved = await progress.evaluate(source);
      if (isStopped()) return await progress.stopped(0);
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
