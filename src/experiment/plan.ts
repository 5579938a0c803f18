import type { ControlKind } from '../protocol/verdict.ts';

/**
 * The experiment, resolved: every default filled in, once, by experiment/resolve.ts. Everything after that reads a
 * complete Plan and knows no defaults of its own.
 */
export interface Plan {
  readonly thaw: 1;
  readonly task: 'image-classification';
  readonly data: DataPlan;
  /** `efficientnet_lite0`, `hf:owner/name@revision`, or a folder, absolute once resolved: backbones/backboneName.ts. */
  readonly backbone: string;
  readonly stages: readonly StagePlan[];
  /** Samples per step. */
  readonly batch: number;
  readonly stop: StopPlan;
  readonly controls: readonly ControlKind[];
  /** Time for the from-scratch control: minutes, a multiple of the run's own, or 'auto': as long as the run itself, at least one minute. */
  readonly scratchBudget: number | 'auto' | RunMultiple;
  /** Root of all randomness but the split's. */
  readonly seed: number;
}

/** "2× run": as long as the run took, times two. */
export type RunMultiple = `${number}× run`;

export interface DataPlan {
  /** Absolute once resolved; in the file it is relative to the file. */
  readonly folder: string;
  readonly split: SplitPlan;
}

export interface SplitPlan {
  /** Shares, 0…1, summing to 1. Ignored when the folder has train/val(idation)/test folders of its own. */
  readonly train: number;
  readonly validation: number;
  readonly test: number;
  readonly seed: number;
  readonly keepTogether: 'near-duplicates' | 'nothing';
}

export interface StagePlan {
  readonly name: string;
  /** Patterns over block and layer names (`head`, `blocks.6`, `blocks.5.2.conv_pw`, `blocks.*`, `all`): what matches trains, the rest is frozen. */
  readonly train: readonly string[];
  readonly epochs: number;
  /** Peak learning rate of the head (AdamW). */
  readonly rate: number;
  /** A block's rate is rate × layerDecay^(its distance from the head), 0…1; 1 = the same everywhere. */
  readonly layerDecay: number;
  readonly schedule: 'constant' | 'cosine';
  /** Share of the stage's steps over which the rate rises from 0, 0…1. */
  readonly warmup: number;
  /** Decoupled (AdamW); never on batch-norm parameters and biases. */
  readonly weightDecay: number;
  readonly batchNorm: 'stored' | 'batch';
  /** `flip`: each sample is seen as it is or mirrored; both views are cached. */
  readonly augment: 'none' | 'flip';
}

export interface StopPlan {
  /** Epochs without improvement before a stage ends. */
  readonly patience: number;
  readonly metric: 'validation.loss' | 'validation.accuracy';
}

/** Where a value came from, by dotted path (`stages.0.rate`): plan.resolved.yaml says it for every value. */
export type Origin = 'default' | 'file' | 'preset' | 'command line';
export type Origins = Readonly<Record<string, Origin>>;
