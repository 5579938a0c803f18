import { setImmediate as nextTurn } from 'node:timers/promises';
import { Refused } from '../../protocol/diagnostic.ts';
import { adamW } from '../../engine/optimizer.ts';
import { batches } from '../../data/batches.ts';
import { createState, disposeState, evaluateBatch, optimizerStateOf, restore, setStage, takeLoss, trainStep, weightsOf, type TrainState } from '../../engine/step.ts';
import { freezeBoundary } from '../../backbones/boundary.ts';
import { matchPatterns } from '../../backbones/freezePlan.ts';
import { monotonicMs } from '../../base/clock.ts';
import { rng } from '../../base/rng.ts';
import { scheduleFactor } from '../../engine/schedule.ts';
import { better, type Evaluation } from './trace.ts';
import { groupsOf } from './groups.ts';
import type { CardInput } from '../../backbones/card.ts';
import type { Dataset } from './dataset.ts';
import type { FeatureSource, Row } from './featureSource.ts';
import type { Kernels } from '../../engine/kernels.ts';
import type { Network } from '../../backbones/op.ts';
import type { Plan, StagePlan } from '../../experiment/plan.ts';
import type { View } from '../../data/sample.ts';
import type { RunFact } from '../../protocol/runEvent.ts';
import type { Weights } from '../../backbones/tensorData.ts';

/** All that a training run needs; a control is the same job with other weights, other stages or a deadline. */
export interface TrainJob {
  readonly network: Network;
  readonly input: CardInput;
  readonly kernels: Kernels;
  readonly plan: Pick<Plan, 'stages' | 'batch' | 'stop' | 'seed'>;
  /** Where it starts: every parameter of the network. */
  readonly weights: Weights;
  readonly dataset: Dataset;
  /** What a stage trains on, given its freeze boundary and the weights before it. */
  sourceOf(boundary: string, weights: Weights): Promise<FeatureSource>;
  append(fact: RunFact): void;
  checkpoint(checkpoint: TrainCheckpoint, best: boolean): void;
  /** Told how long the steps of a stage took, evaluations left out. */
  timed(stage: StagePlan, steps: number, elapsedMs: number): void;
  /** Finish the step, keep a checkpoint, end. */
  readonly stop: AbortSignal;
  /** Monotonic milliseconds at which a control's budget is spent. */
  readonly deadlineMs?: number;
}

export interface TrainCheckpoint {
  readonly step: number;
  /** Every tensor that any stage so far could have changed. */
  readonly weights: Weights;
  readonly optimizer: Weights;
  readonly state: { readonly stage: number; readonly epoch: number; readonly stepInEpoch: number; readonly trainable: readonly string[]; readonly seed: number };
}

export interface Trained {
  readonly how: 'finished' | 'stopped' | 'deadline';
  /** Steps taken. */
  readonly step: number;
  /** At the best evaluation; the start weights when there was none. */
  readonly weights: Weights;
  readonly best: Evaluation | undefined;
  readonly trace: readonly Evaluation[];
}

/** A stored line at most this often: the journal stays small and readback stays off the hot path. */
const logEveryMs = 120;
/** A long stage keeps a checkpoint at least this often, at the end of an epoch. */
const checkpointEveryMs = 20_000;

export const stepsPerEpochOf = ({ dataset, plan }: Pick<TrainJob, 'dataset' | 'plan'>): number => Math.ceil(dataset.rows.train.length / plan.batch);

/** Trains stage after stage. Ends with the plan, on `stop`, or at the deadline; throws `Refused` on a loss that is not finite. */
export async function train(job: TrainJob): Promise<Trained> {
  const progress = new Progress(job);
  for (const [index, stage] of job.plan.stages.entries()) {
    const how = await runPhase(job, progress, index, stage);
    if (how !== 'finished') return progress.trained(how);
  }
  return progress.trained('finished');
}

/** One stretch with one freeze plan: epochs of steps, an evaluation after each, until it ends or stops improving. */
async function runPhase(job: TrainJob, progress: Progress, index: number, stage: StagePlan): Promise<Trained['how']> {
  const { network, plan, dataset } = job;
  const trainable = matchPatterns(network, stage.train).trained;
  const boundary = freezeBoundary(network, trainable), isStopped = (): boolean => job.stop.aborted;
  const source = await job.sourceOf(boundary, progress.weights);
  if (isStopped()) return 'stopped';
  const state = createState({ network, from: source.from, input: job.input, weights: progress.weights, kernels: job.kernels, optimizer: adamW() });
  try {
    setStage(state, { bnStatistics: stage.batchNorm, groups: groupsOf(network, trainable, stage) });
    if (progress.optimizer) restore(state, progress.weights, progress.optimizer);
    progress.begin(index, state, trainable);
    const perEpoch = stepsPerEpochOf(job), totalSteps = perEpoch * stage.epochs;
    const length = { totalSteps, warmupSteps: Math.floor(totalSteps * stage.warmup) };
    let stale = 0;
    if (progress.trace.length === 0) await progress.evaluate(source); // step 0: the untouched network
    if (isStopped()) return await progress.stopped(0);
    for (let epoch = 0; epoch < stage.epochs; epoch++) {
      const order = [...batches(dataset.rows.train, { batchSize: plan.batch, rng: rng(plan.seed, 'shuffle', progress.epoch) })];
      const views = rng(plan.seed, 'views', progress.epoch);
      const viewOf = (): View => stage.augment === 'flip' && views.next() < 0.5 ? 'flip' : 'centre';
      const rows = order.flatMap((batch) => batch.rows.slice(0, batch.items).map((sample): Row => ({ sample, view: viewOf() })));
      let step = 0;
      for await (const x of source.blocks(rows, plan.batch)) {
        const { rows: samples, weights, items } = order[step]!;
        const rate = stage.rate * scheduleFactor(stage.schedule, epoch * perEpoch + step, length);
        trainStep(state, { x, labels: Int32Array.from(samples, (sample) => dataset.labels[sample]!), weights }, rate);
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
    await progress.endPhase();
    return 'finished';
  } finally {
    disposeState(state);
  }
}

/** Where training is: what survives a stage, what is best so far, and what has been said. */
class Progress {
  readonly #job: TrainJob;
  readonly trace: Evaluation[] = [];
  /** Steps and epochs over all stages. */
  step = 0;
  epoch = 0;
  weights: Weights;
  optimizer: Weights | undefined;
  best: Evaluation | undefined;
  #bestWeights: Weights;
  #state: TrainState | undefined;
  #stage = 0;
  #trainable: readonly string[] = [];
  readonly #changed = new Set<string>();
  #stageStartMs = 0;
  #stageStartStep = 0;
  #evaluatingMs = 0;
  #logged = { ms: 0, images: 0 };
  #checkpointMs = monotonicMs();
  #bestIsStored = true;

  constructor(job: TrainJob) {
    this.#job = job;
    this.weights = job.weights;
    this.#bestWeights = job.weights;
  }

  begin(stage: number, state: TrainState, trainable: ReadonlySet<string>): void {
    this.#stage = stage;
    this.#state = state;
    this.#trainable = [...trainable];
    for (const { name } of state.held) this.#changed.add(name);
    this.#stageStartMs = monotonicMs();
    this.#stageStartStep = this.step;
    this.#evaluatingMs = 0;
    this.#logged = { ms: monotonicMs(), images: 0 };
    this.#job.append({ type: 'stage', stage, step: this.step });
  }

  async stepped(rate: number, images: number): Promise<void> {
    this.step++;
    this.#logged.images += images;
    const now = monotonicMs(), perEpoch = stepsPerEpochOf(this.#job);
    if (now - this.#logged.ms < logEveryMs && this.step % perEpoch !== 0) return;
    const loss = await takeLoss(this.#state!);
    const perSecond = this.#logged.images / ((monotonicMs() - this.#logged.ms) / 1000);
    this.#job.append({ type: 'step', step: this.step, epoch: this.step / perEpoch, loss, rate, perSecond, etaMs: this.#etaMs() });
    if (!Number.isFinite(loss)) {
      await this.#keepBest();
      throw new Refused([diverged(loss, this.step, rate)]);
    }
    this.#logged = { ms: monotonicMs(), images: 0 };
  }

  /** Validation and test loss of the weights as they are; true when they are the best so far. A stop leaves it undone. */
  async evaluate(source: FeatureSource): Promise<boolean> {
    const startMs = monotonicMs();
    const { dataset, plan, stop } = this.#job;
    const { validation, test } = dataset.rows;
    const rows = [...validation, ...test];
    const evaluated = await evaluateRows(this.#state!, source, rows, dataset.labels, plan.batch, stop);
    if (!evaluated) return false;
    const { logits, loss } = evaluated;
    const classes = dataset.classes.length;
    const right = validation.filter((row, i) => argmax(logits, i, classes) === dataset.labels[row]).length;
    const evaluation: Evaluation = {
      step: this.step,
      validationLoss: mean(loss.subarray(0, validation.length)),
      validationAccuracy: right / validation.length,
      testLogits: logits.slice(validation.length * classes),
      testLoss: mean(loss.subarray(validation.length)),
    };
    this.trace.push(evaluation);
    const best = better(plan.stop.metric, evaluation, this.best);
    this.#job.append({ type: 'evaluated', step: this.step, epoch: this.step / stepsPerEpochOf(this.#job), split: 'validation', loss: evaluation.validationLoss, accuracy: evaluation.validationAccuracy, best });
    if (best) {
      this.best = evaluation;
      this.#bestWeights = await this.#merged();
      this.#bestIsStored = false;
    }
    if (monotonicMs() - this.#checkpointMs > checkpointEveryMs) await this.#keepCheckpoints(0);
    this.#logged = { ms: monotonicMs(), images: 0 };
    this.#evaluatingMs += monotonicMs() - startMs;
    return best;
  }

  /** The best weights go on into the next stage. */
  async endPhase(): Promise<void> {
    this.#job.timed(this.#job.plan.stages[this.#stage]!, this.step - this.#stageStartStep, monotonicMs() - this.#stageStartMs - this.#evaluatingMs);
    this.optimizer = await optimizerStateOf(this.#state!);
    this.weights = this.#bestWeights;
    await this.#keepBest();
  }

  async stopped(stepInEpoch: number): Promise<'stopped'> {
    await this.#keepCheckpoints(stepInEpoch);
    return 'stopped';
  }

  /** Where training is, and the best so far: a run that ends here can be predicted with. */
  async #keepCheckpoints(stepInEpoch: number): Promise<void> {
    await this.#keepBest(stepInEpoch);
    if (this.best?.step !== this.step) await this.#keepCheckpoint(await this.#merged(), stepInEpoch, false);
  }

  async #keepBest(stepInEpoch = 0): Promise<void> {
    if (!this.#bestIsStored) await this.#keepCheckpoint(this.#bestWeights, stepInEpoch, true);
  }

  async #keepCheckpoint(weights: Weights, stepInEpoch: number, best: boolean): Promise<void> {
    this.#job.checkpoint({
      step: this.step,
      weights: new Map([...weights].filter(([name]) => this.#changed.has(name))),
      optimizer: await optimizerStateOf(this.#state!),
      state: { stage: this.#stage, epoch: this.epoch, stepInEpoch, trainable: this.#trainable, seed: this.#job.plan.seed },
    }, best);
    this.#checkpointMs = monotonicMs();
    if (best) this.#bestIsStored = true;
    this.#job.append({ type: 'checkpoint', step: this.step, best });
  }

  trained(how: Trained['how']): Trained {
    return { how, step: this.step, weights: this.#bestWeights, best: this.best, trace: this.trace };
  }

  async #merged(): Promise<Weights> {
    return new Map([...this.weights, ...await weightsOf(this.#state!)]);
  }

  #etaMs(): number {
    const { plan, deadlineMs } = this.#job;
    const perStep = (monotonicMs() - this.#stageStartMs) / (this.step - this.#stageStartStep);
    const left = plan.stages.slice(this.#stage).reduce((sum, { epochs }) => sum + epochs, 0) * stepsPerEpochOf(this.#job) - (this.step - this.#stageStartStep);
    const etaMs = perStep * left;
    return deadlineMs === undefined ? etaMs : Math.min(etaMs, deadlineMs - monotonicMs());
  }
}

/** Logits [rows, classes] and loss per row, in the order of `rows`, centre view. Undefined on a stop: this can take minutes. */
async function evaluateRows(
  state: TrainState, source: FeatureSource, rows: readonly number[], labels: Int32Array, batch: number, stop: AbortSignal,
): Promise<{ logits: Float32Array; loss: Float32Array } | undefined> {
  const logits: Float32Array[] = [], loss: Float32Array[] = [];
  let at = 0;
  for await (const x of source.blocks(rows.map((sample) => ({ sample, view: 'centre' })), batch)) {
    if (stop.aborted) return undefined;
    const here = rows.slice(at, at + batch);
    const block = Int32Array.from({ length: batch }, (_, i) => labels[here[i] ?? here[0]!]!);
    const result = await evaluateBatch(state, { x, labels: block, weights: new Float32Array(batch).fill(1, 0, here.length).fill(0, here.length) });
    logits.push(result.logits);
    loss.push(result.losses);
    at += batch;
  }
  return { logits: joined(logits), loss: joined(loss) };
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function argmax(logits: Float32Array, row: number, classes: number): number {
  let best = 0;
  for (let k = 1; k < classes; k++) if (logits[row * classes + k]! > logits[row * classes + best]!) best = k;
  return best;
}

const mean = (values: Float32Array): number => values.reduce((a, b) => a + b, 0) / values.length;

const diverged = (loss: number, step: number, rate: number) => ({
  code: 'non-finite-loss', severity: 'error',
  message: `the training loss became ${loss} at step ${step}, rate ${rate.toPrecision(2)}`,
  fix: 'lower the stage\'s rate, for example to a tenth, or train fewer layers; the best checkpoint before this step is kept',
} as const);
