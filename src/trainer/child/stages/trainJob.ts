import type { CheckpointRole } from '../../../runs/checkpoint.ts';
import type { CardInput } from '../../../backbones/card.ts';
import type { Dataset } from '../photos/dataset.ts';
import type { Evaluation, Judged } from './trace.ts';
import type { FeatureSource } from '../features/featureSource.ts';
import type { Fit } from '../../../backbones/cost.ts';
import type { Kernels } from '../../../engine/kernels.ts';
import type { Network } from '../../../backbones/op.ts';
import type { Plan, StagePlan } from '../../../experiment/plan.ts';
import type { Left } from '../../../experiment/leaveStage.ts';
import type { RunFact } from '../../../protocol/runEvent.ts';
import type { Weights } from '../../../backbones/tensorData.ts';
import { stageLength, type StageLength } from '../../../experiment/stageLength.ts';

/** All that a training run needs; a control is the same job with other weights, other stages or a deadline. */
export interface TrainJob {
  readonly network: Network;
  readonly input: CardInput;
  readonly kernels: Kernels;
  readonly plan: Pick<Plan, 'stages' | 'batch' | 'stop' | 'seed'>;
  /** Where it starts: every parameter of the network. */
  readonly weights: Weights;
  /** The source task's own head, where the weights brought one: LwF holds on to what it says. */
  readonly sourceHead?: Weights;
  readonly dataset: Dataset;
  /** What a stage trains on, given its freeze boundary and the weights before it. */
  sourceOf(boundary: string, weights: Weights): Promise<FeatureSource>;
  /** How a batch fits into memory while a stage trains; left out: at once. */
  fitOf?(stage: StagePlan): Fit;
  /** Whether it is looked for units that die (unitWatch.ts). */
  readonly watchesUnits?: boolean;
  /** Where it goes on, as if it had not been interrupted; left out: it starts. */
  readonly from?: TrainPlace;
  append(fact: RunFact): void;
  checkpoint(checkpoint: TrainCheckpoint, role: CheckpointRole): void;
  /** Told how long the steps of a stage took, evaluations left out. */
  timed(stage: StagePlan, steps: number, elapsedMs: number): void;
  /** Asked after each epoch of a stage: the stages from now on, when another one takes over from it. */
  changed?(index: number, left: Left): readonly StagePlan[] | undefined;
  /** Finish the step, keep a checkpoint, end. */
  readonly stop: AbortSignal;
  /** Monotonic milliseconds at which a control's budget is spent. */
  readonly deadlineMs?: number;
}

export interface TrainCheckpoint {
  readonly step: number;
  /** Every tensor that any stage so far could have changed. */
  readonly weights: Weights;
  /** Moments, and what is averaged; `<parameter>/start`: what WiSE-FT will go back towards. */
  readonly optimizer: Weights;
  /** `test` [evaluations that were the best so far, test items × outputs], `validation` [validation items × outputs] of the best. */
  readonly evaluations: Weights;
  readonly state: TrainPosition;
}

/** The rest of it, as JSON. All that is random in training follows from seed, epoch and step. */
export interface TrainPosition {
  readonly stage: number;
  /** Whether the stage has begun; else the weights are what it begins with. */
  readonly begun: boolean;
  /** Passes over all stages, and updates in the one that is under way. */
  readonly epoch: number;
  readonly stepInEpoch: number;
  /** Where the stage began. */
  readonly since: { readonly step: number; readonly epoch: number };
  readonly trainable: readonly string[];
  readonly seed: number;
  /** Of the stages. */
  readonly rates: readonly number[];
  readonly evaluations: readonly Omit<Evaluation, 'testLogits'>[];
  /** Of the evaluations: the best, the one that the next has to be better than, and how many in a row were not. */
  readonly best?: number;
  readonly watched?: number;
  readonly stale: number;
  /** Of the time that it has. */
  readonly leftMs?: number;
}

/** A checkpoint read back: where training was, with the best weights by then. */
export interface TrainPlace extends TrainCheckpoint {
  readonly bestWeights: Weights;
}

export interface Trained {
  readonly how: 'finished' | 'stopped' | 'deadline';
  /** Steps taken. */
  readonly step: number;
  /** At the best evaluation; the start weights when there was none. */
  readonly weights: Weights;
  readonly best: Judged | undefined;
  /** [validation items, classes] at `best`. */
  readonly validationLogits: Float32Array;
  readonly trace: readonly Evaluation[];
  /** Passes, over all stages. */
  readonly epoch: number;
  /** As they were trained: layers may have been thawed and frozen on the way. */
  readonly stages: readonly StagePlan[];
}

export const lengthOf = ({ dataset, plan: { batch } }: { readonly dataset: Dataset; readonly plan: Pick<Plan, 'batch'> }, stage: StagePlan): StageLength =>
  stageLength(stage, dataset.rows.train.length, batch);
