import type { CheckpointRole } from '../../../runs/checkpoint.ts';
import type { FeatureSource } from '../features/featureSource.ts';
import type { StageLength } from '../../../experiment/stageLength.ts';
import type { StagePlan } from '../../../experiment/plan.ts';
import type { Weights } from '../../../backbones/tensorData.ts';
import { better, isJudged, type Evaluation, type Judged } from './trace.ts';
import { taskOf } from './task.ts';
import { evaluateRows, joined } from '../evaluate.ts';
import { Bug } from '../../../base/bug.ts';
import { monotonicMs } from '../../../base/clock.ts';
import { movingOf, optimizerStateOf, restore, takeLoss, weightsOf, type TrainState } from '../../../engine/step.ts';
import { Refused } from '../../../protocol/diagnostic.ts';
import { slotName } from '../../../engine/optimizer.ts';
import { lengthOf, type TrainPlace, type Trained, type TrainJob } from './trainJob.ts';
import { UnitWatch } from './unitWatch.ts';

/** A stored line at most this often: the journal stays small and readback stays off the hot path. */
const logEveryMs = 120;
/** A long stage keeps a checkpoint at least this often, at the end of an epoch. */
const checkpointEveryMs = 20_000;

/** The trace keeps what judging looks at; of the validation logits, only those of the best are kept. */
interface Evaluated<E extends Evaluation = Evaluation> {
  readonly evaluation: E;
  readonly validationLogits: Float32Array;
}

/** Where training is: what survives a stage, what is best so far, and what has been said. */
export class TrainProgress {
  readonly #job: TrainJob;
  readonly trace: Evaluation[] = [];
  /** Steps and epochs over all stages, and updates in the epoch that is under way. */
  step = 0;
  epoch = 0;
  stepInEpoch = 0;
  /** Evaluations in a row that were no improvement. */
  stale = 0;
  stages: readonly StagePlan[];
  weights: Weights;
  optimizer: Weights | undefined;
  best: Judged | undefined;
  #bestLogits: Float32Array = new Float32Array();
  /** What an evaluation has to be better than to count as improvement. */
  #watched: Evaluation | undefined;
  #bestWeights: Weights;
  #state: TrainState | undefined;
  #stage = 0;
  #trainable: readonly string[] = [];
  readonly #changed = new Set<string>();
  #units: UnitWatch | undefined;
  #stageStart = { step: 0, epoch: 0 };
  /** When this process took the stage up, and at which step. */
  #since = { ms: 0, step: 0 };
  #evaluatingMs = 0;
  #logged = { ms: 0, images: 0 };
  #checkpointMs = monotonicMs();
  #bestIsStored = true;
  /** Not taken up yet. */
  #from: TrainPlace | undefined;

  constructor(job: TrainJob) {
    this.#job = job;
    this.stages = job.plan.stages;
    this.weights = job.weights;
    this.#bestWeights = job.weights;
    this.#from = job.from;
    if (job.from) this.#goOn(job.from);
  }

  /** Whether the stage begins in its middle. */
  goesOnIn = (stage: number): boolean => this.#from?.state.stage === stage && this.#from.state.begun;

  /** Whether the weights as they are have not been looked at: at the start, and after a pass. */
  get isUnseen(): boolean {
    return this.stepInEpoch === 0 && this.trace.at(-1)?.step !== this.step;
  }

  /** Passes that the stage has behind it. */
  get passes(): number {
    return this.epoch - this.#stageStart.epoch;
  }

  #goOn({ step, weights, optimizer, evaluations, bestWeights, state }: TrainPlace): void {
    const { test, validation } = evaluationsOf(evaluations), width = test.length / Math.max(1, state.evaluations.filter(({ testLoss }) => testLoss !== undefined).length);
    let at = 0;
    this.trace.push(...state.evaluations.map((each): Evaluation => each.testLoss === undefined ? each : { ...each, testLogits: test.slice(at, at += width) }));
    Object.assign(this, { step, epoch: state.epoch, stepInEpoch: state.stepInEpoch, stale: state.stale, optimizer });
    const best = state.best === undefined ? undefined : this.trace[state.best];
    this.best = best && isJudged(best) ? best : undefined;
    this.#watched = state.watched === undefined ? undefined : this.trace[state.watched];
    this.#bestLogits = validation;
    this.#bestWeights = new Map([...this.#job.weights, ...bestWeights]);
    this.#stageStart = state.since;
    this.weights = new Map([...this.#job.weights, ...weights]);
    for (const name of weights.keys()) this.#changed.add(name);
  }

  /** A stage that was interrupted goes on with weights, moments and averages as they were; any other begins. */
  begin(stage: number, state: TrainState, trainable: ReadonlySet<string>): void {
    const from = this.goesOnIn(stage) ? this.#from : undefined;
    this.#from = undefined;
    this.#stage = stage;
    this.#state = state;
    this.#trainable = [...trainable];
    for (const { name } of state.held) this.#changed.add(name);
    this.#since = { ms: monotonicMs(), step: this.step };
    this.#evaluatingMs = 0;
    this.#logged = { ms: monotonicMs(), images: 0 };
    if (from) {
      if (from.state.trainable.join() !== this.#trainable.join()) throw new Bug(`what trained at the checkpoint (${from.state.trainable.length} parameters) is not what trains now (${this.#trainable.length})`);
      restore(state, this.weights, from.optimizer);
      this.weights = new Map([...this.weights, ...startsIn(from.optimizer)]);
      return;
    }
    if (this.optimizer && keepsMoments(this.stages[stage - 1], this.#plan)) restore(state, this.weights, this.optimizer);
    this.#stageStart = { step: this.step, epoch: this.epoch };
    Object.assign(this, { stale: 0, stepInEpoch: 0 });
    this.#job.append({ type: 'stage', stage, step: this.step });
  }

  /** Once a stage has begun: what its units give before it trains them. */
  async watchUnits(source: FeatureSource): Promise<void> {
    this.#units = this.#job.watchesUnits ? new UnitWatch(this.#state!, source, this.#job.dataset, this.#plan.name) : undefined;
    await this.#units?.begin();
  }

  async stepped(rate: number, images: number): Promise<void> {
    this.step++;
    this.stepInEpoch++;
    this.#logged.images += images;
    const now = monotonicMs(), { perEpoch } = this.#length;
    if (now - this.#logged.ms < logEveryMs && (this.step - this.#stageStart.step) % perEpoch !== 0) return;
    const loss = await takeLoss(this.#state!);
    const perSecond = this.#logged.images / ((monotonicMs() - this.#logged.ms) / 1000);
    this.#job.append({ type: 'step', step: this.step, epoch: this.#passes, loss, rate, perSecond, etaMs: this.#etaMs() });
    if (!Number.isFinite(loss)) {
      await this.#keepBest();
      throw new Refused([diverged(loss, this.step, rate)]);
    }
    this.#logged = { ms: monotonicMs(), images: 0 };
  }

  endPass(): void {
    this.epoch++;
    this.stepInEpoch = 0;
  }

  /** What validation says of the weights as they are; the best are judged and kept. A stop leaves it undone. */
  async evaluate(source: FeatureSource): Promise<void> {
    const startMs = monotonicMs(), validated = await this.#validated(source);
    if (!validated) return;
    const { metric, minImprovement } = this.#job.plan.stop, isBest = better(metric, validated.evaluation, this.best);
    const judged = isBest ? await this.#judged(validated, source) : undefined, { evaluation } = judged ?? validated;
    if (isBest && !judged) return;
    const improved = better(metric, evaluation, this.#watched, minImprovement);
    this.#say(evaluation, isBest);
    await this.#lookAtUnits();
    if (judged) this.#keep(judged, await this.#merged());
    if (improved) this.#watched = evaluation;
    this.stale = improved ? 0 : this.stale + 1;
    if (monotonicMs() - this.#checkpointMs > checkpointEveryMs) await this.#keepCheckpoints();
    this.#logged = { ms: monotonicMs(), images: 0 };
    this.#evaluatingMs += monotonicMs() - startMs;
  }

  #say(evaluation: Evaluation, best: boolean): void {
    this.trace.push(evaluation);
    this.#job.append({ type: 'evaluated', step: this.step, epoch: this.#passes, split: 'validation', loss: evaluation.validationLoss, accuracy: evaluation.validationAccuracy, best, predictedClasses: evaluation.predictedClasses });
  }

  async #lookAtUnits(): Promise<void> {
    const { rows: { validation } } = this.#job.dataset, steps = this.step - this.#stageStart.step, epochs = Math.floor(steps / this.#length.perEpoch);
    const trainedRows = 3 * steps * this.#job.plan.batch * this.#plan.accumulate + epochs * validation.length;
    const diagnostic = await this.#units?.look(this.step, trainedRows);
    if (diagnostic) this.#job.append({ type: 'warning', diagnostic });
  }

  #keep({ evaluation, validationLogits }: Evaluated<Judged>, weights: Weights): void {
    this.best = evaluation;
    this.#bestLogits = validationLogits;
    this.#bestWeights = weights;
    this.#bestIsStored = false;
  }

  async #validated(source: FeatureSource): Promise<Evaluated | undefined> {
    const { dataset } = this.#job, { validation } = dataset.rows, seen = await this.#outputs(source, validation);
    if (!seen) return undefined;
    const { logits, loss } = seen, task = taskOf(dataset);
    return {
      evaluation: {
        step: this.step, validationLoss: mean(loss), validationAccuracy: task.valueOf(validation, logits),
        predictedClasses: new Set(task.answersOf(logits)).size,
      },
      validationLogits: logits,
    };
  }

  async #judged({ evaluation, validationLogits }: Evaluated, source: FeatureSource): Promise<Evaluated<Judged> | undefined> {
    const seen = await this.#outputs(source, this.#job.dataset.rows.test);
    return seen && { evaluation: { ...evaluation, testLoss: mean(seen.loss), testLogits: seen.logits }, validationLogits };
  }

  #outputs(source: FeatureSource, rows: readonly number[]): ReturnType<typeof evaluateRows> {
    const { dataset, plan, stop } = this.#job;
    return evaluateRows(this.#state!, source, rows, dataset, this.#job.fitOf?.(this.#plan).rowsAtOnce ?? plan.batch, stop);
  }

  /** The best weights go on into the next stage. */
  async endPhase(source: FeatureSource): Promise<void> {
    await this.#close();
    await this.#interpolate(source);
    this.weights = this.#bestWeights;
    if (!this.#bestIsStored) await this.#keepCheckpoint(this.weights, 'both', false);
  }

  /** The stage is left before its end: the last weights go on, averaged where they are. */
  async leavePhase(): Promise<void> {
    await this.#close();
    this.weights = await this.#merged();
    await this.#keepBest();
  }

  async #close(): Promise<void> {
    this.#job.timed(this.#plan, this.step - this.#since.step, monotonicMs() - this.#since.ms - this.#evaluatingMs);
    this.optimizer = await optimizerStateOf(this.#state!);
  }

  /**
   * WiSE-FT (Wortsman et al. 2022, arXiv:2109.01903): weights between those that the stage began with and its best. A share
   * that was asked for is what counts from then on; `auto` takes the best on validation of nine and of the best itself.
   */
  async #interpolate(source: FeatureSource): Promise<void> {
    const { wiseFt, name } = this.#plan, { metric } = this.#job.plan.stop, [from, to] = [this.weights, this.#bestWeights];
    if (wiseFt === 'off' || !this.best || this.best.step <= this.#stageStart.step) return;
    let chosen: { validated: Evaluated; share: number } | undefined;
    for (const share of wiseFt === 'auto' ? autoShares : [wiseFt]) {
      restore(this.#state!, between(from, to, share));
      const validated = await this.#validated(source);
      if (!validated) return; // stopped: what was best stays so
      if (wiseFt !== 'auto' || better(metric, validated.evaluation, chosen?.validated.evaluation ?? this.best)) chosen = { validated, share };
    }
    if (chosen) {
      const weights = between(from, to, chosen.share);
      restore(this.#state!, weights);
      const judged = await this.#judged(chosen.validated, source);
      if (!judged) return;
      this.#say(judged.evaluation, true);
      this.#keep(judged, weights);
    }
    this.#job.append({ type: 'warning', diagnostic: { code: 'weights-averaged', severity: 'information', message: `stage "${name}": kept are the weights ${Math.round(100 * (chosen?.share ?? 1))} % of the way from its first to its best` } });
  }

  async stopped<H extends 'stopped' | 'deadline' = 'stopped'>(how = 'stopped' as H): Promise<H> {
    await this.#keepCheckpoints();
    return how;
  }

  /** Where training is, and the best so far: a run that ends here can be predicted with. */
  async #keepCheckpoints(): Promise<void> {
    if (this.best?.step === this.step) return this.#keepCheckpoint(this.#bestWeights, 'both');
    await this.#keepBest();
    await this.#keepCheckpoint(await this.#merged(), 'last');
  }

  async #keepBest(): Promise<void> {
    if (!this.#bestIsStored) await this.#keepCheckpoint(this.#bestWeights, 'best');
  }

  /** `begun`: the stage is under way; else it is over, and `weights` are what the next one begins with. */
  async #keepCheckpoint(weights: Weights, role: CheckpointRole, begun = true): Promise<void> {
    const { plan: { seed }, deadlineMs } = this.#job, indexOf = (evaluation: Evaluation): number => this.trace.indexOf(evaluation);
    this.#job.checkpoint({
      step: this.step,
      weights: new Map([...weights].filter(([name]) => this.#changed.has(name))),
      optimizer: begun ? new Map([...await optimizerStateOf(this.#state!), ...await movingOf(this.#state!), ...this.#starts()]) : this.optimizer!,
      evaluations: evaluationTensors(this.trace, this.#bestLogits),
      state: {
        stage: begun ? this.#stage : this.#stage + 1, begun, epoch: this.epoch, stepInEpoch: this.stepInEpoch, since: this.#stageStart,
        trainable: this.#trainable, seed, rates: this.stages.map(({ rate }) => rate),
        evaluations: this.trace.map(({ testLogits: _, ...evaluation }) => evaluation), stale: this.stale,
        ...(this.best && { best: indexOf(this.best) }), ...(this.#watched && { watched: indexOf(this.#watched) }),
        ...(deadlineMs !== undefined && { leftMs: deadlineMs - monotonicMs() }),
      },
    }, role);
    this.#checkpointMs = monotonicMs();
    if (role !== 'last') this.#bestIsStored = true;
    this.#job.append({ type: 'checkpoint', step: this.step, best: role !== 'last' });
  }

  /** Of what moves, the weights that WiSE-FT will go back towards. */
  #starts(): Weights {
    if (this.#plan.wiseFt === 'off') return new Map();
    return new Map(this.#state!.held.map(({ name }) => [slotName(name, startSlot), this.weights.get(name)!]));
  }

  trained(how: Trained['how']): Trained {
    return { how, step: this.step, weights: this.#bestWeights, best: this.best, validationLogits: this.#bestLogits, trace: this.trace, epoch: this.epoch, stages: this.stages };
  }

  get #plan(): StagePlan {
    return this.stages[this.#stage]!;
  }

  get #length(): StageLength {
    return lengthOf(this.#job, this.#plan);
  }

  /** Over the training photos, a broken one as its share. */
  get #passes(): number {
    return this.#stageStart.epoch + (this.step - this.#stageStart.step) / this.#length.perEpoch;
  }

  async #merged(): Promise<Weights> {
    return new Map([...this.weights, ...await weightsOf(this.#state!)]);
  }

  #etaMs(): number {
    const { deadlineMs } = this.#job, taken = this.step - this.#stageStart.step;
    const perStep = (monotonicMs() - this.#since.ms) / (this.step - this.#since.step);
    const left = this.stages.slice(this.#stage).reduce((sum, stage) => sum + lengthOf(this.#job, stage).takenSteps, 0) - taken;
    const etaMs = perStep * left;
    return deadlineMs === undefined ? etaMs : Math.min(etaMs, deadlineMs - monotonicMs());
  }
}

/** Moments go on only under the rule that made them. */
const keepsMoments = (before: StagePlan | undefined, { optimizer, momentum }: StagePlan): boolean =>
  before?.optimizer === optimizer && (before.momentum > 0) === (momentum > 0);

const startSlot = 'start';

const startsIn = (optimizer: Weights): Weights => new Map([...optimizer].flatMap(([key, tensor]) => key.endsWith(`/${startSlot}`) ? [[key.slice(0, -startSlot.length - 1), tensor]] : []));

function evaluationTensors(trace: readonly Evaluation[], validation: Float32Array): Weights {
  const test = joined(trace.filter(isJudged).map(({ testLogits }) => testLogits));
  return new Map([['test', { shape: [test.length], data: test }], ['validation', { shape: [validation.length], data: validation }]]);
}

const evaluationsOf = (tensors: Weights): { readonly test: Float32Array; readonly validation: Float32Array } =>
  ({ test: tensors.get('test')!.data, validation: tensors.get('validation')!.data });

/** Nine shares; the tenth is the best weights themselves. */
const autoShares = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];

/** `share` of `to`, the rest of `from`. */
const between = (from: Weights, to: Weights, share: number): Weights =>
  new Map([...to].map(([name, { shape, data }]) => {
    const before = from.get(name)!.data;
    return [name, { shape, data: data.map((value, i) => before[i]! + share * (value - before[i]!)) }]; // exact where both are equal
  }));

const mean = (values: Float32Array): number => values.reduce((a, b) => a + b, 0) / values.length;

const diverged = (loss: number, step: number, rate: number) => ({
  code: 'non-finite-loss', severity: 'error',
  message: `the training loss became ${loss} at step ${step}, rate ${rate.toPrecision(2)}`,
  fix: 'lower the stage\'s rate, for example to a tenth, or train fewer layers; the best checkpoint before this step is kept',
} as const);
