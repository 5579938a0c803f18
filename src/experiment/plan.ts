import type { ControlKind } from '../protocol/verdict.ts';

/**
 * The experiment, resolved: every default filled in, once, by experiment/resolve.ts. Everything after that reads a
 * complete Plan and knows no defaults of its own.
 */
export interface Plan {
  readonly thaw: 1;
  readonly task: 'image-classification' | 'image-multi-label' | 'image-regression';
  readonly data: DataPlan;
  /** `efficientnet_lite0`, `hf:owner/name@revision`, or a folder, absolute once resolved: backbones/backboneName.ts. */
  readonly backbone: string;
  /** Pixels of a side of the square that photos become (backbones/inputSize.ts); `auto`: what the weights are used to. */
  readonly inputSize: number | 'auto';
  /** The block after which the backbone ends and the head stands (backbones/earlierFeatures.ts); `last`: the whole backbone. */
  readonly features: string;
  /** `random`: nothing is transferred. */
  readonly weights: 'pretrained' | 'random';
  readonly stages: readonly StagePlan[];
  /** Samples per step. */
  readonly batch: number;
  readonly stop: StopPlan;
  readonly controls: readonly ControlKind[];
  /** Time for the from-scratch control: minutes, a multiple of the run's own, or 'auto': as long as the run itself, at least one minute. */
  readonly scratchBudget: number | 'auto' | RunMultiple;
  /** Root of all randomness but the split's. */
  readonly seed: number;
  /** Runs that are made, with the seeds from `seed` on. */
  readonly seeds: number;
  /** What else they differ in: by path (`stages.*.rate`), values by the name that a run has from them. */
  readonly variants: VariantsPlan;
  /** Minutes after which training ends. */
  readonly budget: number | 'off';
  /** Photos of the source task, on which forgetting is measured: a folder or a manifest, absolute once resolved; or 'none'. */
  readonly sourceData: string;
}

/** "2× run": as long as the run took, times two. */
export type RunMultiple = `${number}× run`;

export type VariantsPlan = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

export interface DataPlan {
  /** What the paths of photos are relative to: the folder of classes, or the one that the manifest lies in. Absolute once resolved. */
  readonly folder: string;
  /** The list of photos, where no folder says what they are. Absolute once resolved. */
  readonly manifest?: string;
  readonly columns: ColumnPlan;
  /** Photos of a class that are used at most; 0: all. */
  readonly maxPerClass: number;
  /** Share of the photos that is used, 0…1. */
  readonly subset: number;
  readonly split: SplitPlan;
}

/** Names of a manifest's columns, or `auto`. */
export interface ColumnPlan {
  readonly image: string;
  readonly label: string;
  readonly split: string;
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
  /** `prototypes`: the head begins as each class's mean feature (trainer/child/stages/prototypeHead.ts). */
  readonly headStart: 'kept' | 'prototypes';
  /** Passes over the training samples, at most; says nothing where `steps` is a number (stageLength.ts). */
  readonly epochs: number;
  /** Updates, at most, instead of epochs. */
  readonly steps: number | 'auto';
  /** Passes after which the stage is left, as it stands then: its schedule is that of its whole length, and the next stage goes on from the last weights, not from the best. 0: to its end. */
  readonly leaveAfter: number;
  /** `nesterov`: SGD whose momentum looks one step ahead. */
  readonly optimizer: 'adamw' | 'adam' | 'sgd' | 'nesterov';
  /** Of sgd and nesterov, 0…1. */
  readonly momentum: number;
  /** Peak learning rate of the head. */
  readonly rate: number;
  /** A block's rate is rate × layerDecay^(its distance from the head), 0…1; 1 = the same everywhere. */
  readonly layerDecay: number;
  readonly schedule: 'constant' | 'step' | 'polynomial' | 'cosine' | 'one-cycle';
  /** Of the polynomial schedule: (1 − progress)^power. */
  readonly power: number;
  /** Share of the stage's steps over which the rate rises, 0…1. */
  readonly warmup: number;
  /** Decoupled in AdamW, part of the gradient (L2) elsewhere; never on batch-norm parameters and biases. */
  readonly weightDecay: number;
  /** Largest common L2 norm of the gradients. */
  readonly clip: number | 'off';
  /** Batches per update: an update sees accumulate × batch samples. */
  readonly accumulate: number;
  readonly batchNorm: 'stored' | 'batch';
  /** Share of the head's inputs that is left out, 0…1. */
  readonly dropout: number;
  /** Share of samples that skip the last residual block; earlier ones in proportion to their depth, 0…1. */
  readonly dropPath: number;
  readonly loss: 'auto' | 'cross-entropy' | 'focal' | 'squared' | 'huber';
  /** Of the focal loss. */
  readonly gamma: number;
  /** Of the Huber loss, in standard deviations of the training numbers. */
  readonly delta: number;
  /** Share of each target that is spread over all classes, 0…1. */
  readonly labelSmoothing: number;
  readonly classBalance: 'none' | 'inverse' | 'effective';
  /** Parameters of Beta(α, α), from which the shares of mixed samples are drawn; 0: not mixed. */
  readonly mixup: number;
  readonly cutmix: number;
  /** What is done to a training photo; a list: these, in this order (data/augment.ts). */
  readonly augment: AugmentName | readonly AugmentOp[];
  /** Stored views per sample, where random augmentation meets cached features. */
  readonly views: number;
  readonly regularize: RegularizePlan;
  /** Decay of the moving average of the weights, which is what counts then. */
  readonly ema: number | 'off';
  /** After the stage: this share of what it learnt and the rest of where it began; `auto`: the best on validation. */
  readonly wiseFt: number | 'auto' | 'off';
}

export type AugmentName = 'none' | 'flip' | 'light' | 'strong';
export type AugmentOp = 'crop' | 'flip' | 'rotate' | 'color' | 'grey' | 'erase';

/** Strengths of what holds a stage near the network that the run started from; 0: off. */
export interface RegularizePlan {
  readonly l2sp: number;
  readonly delta: number;
  readonly bss: number;
  readonly lwf: number;
}

export interface StopPlan {
  /** Epochs without improvement before a stage ends. */
  readonly patience: number;
  readonly metric: 'validation.loss' | 'validation.accuracy';
  /** An evaluation that is better by less does not count as improvement: nats, or a share of 1. */
  readonly minImprovement: number;
}

/** Where a value came from, by dotted path (`stages.0.rate`): plan.resolved.yaml says it for every value. */
export type Origin = 'default' | 'file' | 'preset' | 'variant' | 'command line' | 'tree';
export type Origins = Readonly<Record<string, Origin>>;
