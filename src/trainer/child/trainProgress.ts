import type { FeatureSource } from './featureSource.ts';
import type { Weights } from '../../backbones/tensorData.ts';
import { better, predictedOf, type Evaluation } from './trace.ts';
import { evaluateRows } from './evaluate.ts';
import { monotonicMs } from '../../base/clock.ts';
import { optimizerStateOf, takeLoss, weightsOf, type TrainState } from '../../engine/step.ts';
import { Refused } from '../../protocol/diagnostic.ts';
import { stepsPerEpochOf, type Trained, type TrainJob } from './trainJob.ts';

/** A stored line at most this often: the journal stays small and readback stays off the hot path. */
const logEveryMs = 120;
/** A long stage keeps a checkpoint at least this often, at the end of an epoch. */
const checkpointEveryMs = 20_000;

/** Where training is: what survives a stage, what is best so far, and what has been said. */
export class TrainProgress {
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
    const { dataset, plan, stop } = this.#job, rowsAtOnce = this.#job.rowsAtOnce?.(plan.stages[this.#stage]!) ?? plan.batch;
    const { validation, test } = dataset.rows;
    const rows = [...validation, ...test];
    const evaluated = await evaluateRows(this.#state!, source, rows, dataset.labels, rowsAtOnce, stop);
    if (!evaluated) return false;
    const { logits, loss } = evaluated;
    const classes = dataset.classes.length;
    const predicted = predictedOf(logits, classes);
    const right = validation.filter((row, i) => predicted[i] === dataset.labels[row]).length;
    const evaluation: Evaluation = {
      step: this.step,
      validationLoss: mean(loss.subarray(0, validation.length)),
      validationAccuracy: right / validation.length,
      testLogits: logits.slice(validation.length * classes),
      testLoss: mean(loss.subarray(validation.length)),
    };
    this.trace.push(evaluation);
    const best = better(plan.stop.metric, evaluation, this.best);
    this.#job.append({ type: 'evaluated', step: this.step, epoch: this.step / stepsPerEpochOf(this.#job), split: 'validation', loss: evaluation.validationLoss, accuracy: evaluation.validationAccuracy, best, predictedClasses: new Set(predicted.subarray(0, validation.length)).size });
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

const mean = (values: Float32Array): number => values.reduce((a, b) => a + b, 0) / values.length;

const diverged = (loss: number, step: number, rate: number) => ({
  code: 'non-finite-loss', severity: 'error',
  message: `the training loss became ${loss} at step ${step}, rate ${rate.toPrecision(2)}`,
  fix: 'lower the stage\'s rate, for example to a tenth, or train fewer layers; the best checkpoint before this step is kept',
} as const);
