import type { ControlKind, Score, Verdict } from './verdict.ts';
import type { Calibration, Transfer } from './insight.ts';
import type { Diagnostic } from './diagnostic.ts';

/**
 * What a trainer says, one line of journal.jsonl each, `seq` counting from 0 without gaps.
 * The journal is the truth; everything shown is a fold over it (protocol/reduceRun.ts).
 */
export type RunEvent = { readonly seq: number; readonly at: string } & RunFact;

export type RunFact =
  /** Its first line. */
  | { readonly type: 'started'; readonly pid: number; readonly node: string }
  | { readonly type: 'engine'; readonly engine: EngineFacts }
  /** Work before and between training: drawn as one progress line. */
  | { readonly type: 'progress'; readonly activity: Activity; readonly done: number; readonly total?: number; readonly etaMs?: number; readonly perSecond?: number }
  | { readonly type: 'data'; readonly data: DataFacts }
  /** The resolved plan in brief: what the page needs to draw bands and axes before the first step. */
  | { readonly type: 'planned'; readonly stages: readonly StageFacts[]; readonly stepsPerEpoch: number; readonly totalSteps: number; readonly predictedMs?: number }
  /** Layers were thawed or frozen while it trains: the plan from now on, in which stage `stage` is new and begins at once. */
  | { readonly type: 'plan-changed'; readonly stage: number; readonly origin: 'tree' | 'command line'; readonly stages: readonly StageFacts[]; readonly stepsPerEpoch: number; readonly totalSteps: number; readonly predictedMs?: number }
  /** Controls that earlier runs had made, on the same photos by the same plan and seed, however long: what the run is watched against while it trains, its own not being there yet. */
  | { readonly type: 'watched-against'; readonly controls: readonly EarlierControl[] }
  | { readonly type: 'stage'; readonly stage: number; readonly step: number }
  /** `loss` in nats, mean over the steps since the last such event; `rate` the head's. */
  | { readonly type: 'step'; readonly step: number; readonly epoch: number; readonly loss: number; readonly rate: number; readonly perSecond: number; readonly etaMs: number }
  /** `predictedClasses`: to how many classes the items were assigned at all. */
  | { readonly type: 'evaluated'; readonly step: number; readonly epoch: number; readonly split: 'validation'; readonly loss: number; readonly accuracy: number; readonly best: boolean; readonly predictedClasses?: number }
  | { readonly type: 'checkpoint'; readonly step: number; readonly best: boolean }
  | { readonly type: 'early-stop'; readonly step: number; readonly patience: number; readonly bestStep: number }
  /** How good the best-validation checkpoint is on the test photos: once, at the end of training. */
  | { readonly type: 'tested'; readonly step: number; readonly loss: number } & Score
  /** After `tested`: how far the stated probabilities can be trusted, and what fine-tuning changed. */
  | { readonly type: 'calibrated'; readonly calibration: Calibration }
  | { readonly type: 'transferred'; readonly transfer: Transfer }
  /** At the end of training: the stages that trained, and the largest resident size of the trainer so far. */
  | { readonly type: 'measured'; readonly stages: readonly MeasuredStage[]; readonly peakBytes: number; readonly predictedPeakBytes: number }
  /** A control with nothing to train (blind, knn), or the end of a control run. `reusedFrom`: the run that had it made, where an earlier one fitted. */
  | { readonly type: 'control'; readonly control: ControlKind; readonly runId?: string; readonly matchedSteps?: number; readonly reusedFrom?: string } & Score
  | { readonly type: 'control-started'; readonly control: ControlKind; readonly runId: string; readonly budgetMs?: number }
  /** Of several the last counts: a control that is added later, and runs with other seeds, judge anew. */
  | { readonly type: 'verdict'; readonly verdict: Verdict }
  | { readonly type: 'warning'; readonly diagnostic: Diagnostic }
  /** Last line of every trainer process that could still write. */
  | { readonly type: 'ended'; readonly outcome: Outcome; readonly diagnostic?: Diagnostic };

export interface EarlierControl {
  readonly control: ControlKind;
  readonly runId: string;
}

/** `fetching` counts bytes, `rates` steps, `trying-rates` rates, the others images. */
export type Activity = 'fetching' | 'scanning' | 'reading' | 'features' | 'random-features' | 'trying-rates' | 'training' | 'evaluating' | 'rates';

/** How a trainer ended. `crashed` and `killed` are concluded by whoever finds it dead. */
export type Outcome = 'finished' | 'stopped' | 'failed' | 'killed' | 'crashed';

/** Those that a person can ask for. */
export const trainingEngines = ['tensorflow', 'webgpu', 'wasm'] as const;

export const engineNamed = (name: unknown): (typeof trainingEngines)[number] | undefined => trainingEngines.find((engine) => engine === name);

export interface EngineFacts {
  /** Which rung trains. */
  readonly name: 'tensorflow' | 'wasm' | 'webgpu' | 'cpu';
  /** "TensorFlow 2.21.0". */
  readonly title: string;
  readonly device: 'cpu' | 'gpu';
  readonly threads: number;
  readonly node: string;
  /** "fastest of 2 that passed the gradient self-test (4.1 × wasm)". */
  readonly why: string;
  /** What runs the frozen prefix: "ONNX Runtime 1.30.0, 2 threads". */
  readonly prefix?: string;
  /** Every rung tried: the table of `thaw doctor`. */
  readonly tried: readonly RungFacts[];
  /** What the timed step was: "blocks.5 to head of efficientnet_lite0, 8 samples". */
  readonly timed?: string;
  /** Milliseconds that all self-tests and timed steps took. */
  readonly testsMs?: number;
  /** How to get a faster one, when there is one. */
  readonly advice?: string;
  /** What that would do for the run's plan, where it does much. */
  readonly gain?: EngineGain;
  readonly machine?: MachineFacts;
}

/** The computer as the trainer finds it. */
export interface MachineFacts {
  /** "AMD EPYC 7B13"; its architecture where it has no name. */
  readonly processor: string;
  /** That this process may use. */
  readonly cores: number;
  /** Of the machine, or of the container where that has less. */
  readonly memoryBytes: number;
  readonly freeBytes: number;
  readonly gpus: readonly GpuFacts[];
  /** Whether TensorFlow can reach an NVIDIA GPU, and why not. Left out where there is none. */
  readonly cuda?: CudaFacts;
}

export interface GpuFacts {
  /** "NVIDIA H100 80GB HBM3". */
  readonly name: string;
  readonly memoryBytes?: number;
  /** Version of its driver. */
  readonly driver?: string;
}

export interface CudaFacts {
  readonly usable: boolean;
  /** "driver 550.54.14, but libcudnn.so.9 is missing". */
  readonly seen: string;
  readonly fix?: string;
}

export interface EngineGain {
  /** Predicted for the run on this engine, and on the one that could be installed. */
  readonly seconds: number;
  readonly offeredSeconds: number;
  readonly fetchBytes: number;
}

export interface RungFacts {
  readonly name: EngineFacts['name'];
  /** "TensorFlow 2.21.0"; absent when it did not start. */
  readonly title?: string;
  readonly ok: boolean;
  /** Milliseconds of one timed step; absent when it did not get so far. */
  readonly stepMs?: number;
  /** Why it is out: "not installed", "gradient of depthwiseConv off by 0.3". */
  readonly why?: string;
}

export interface DataFacts {
  /** What is learnt; left out: one class per photo. */
  readonly task?: 'image-multi-label' | 'image-regression';
  /** Display order; the index is the label everywhere. Where numbers are learnt: what they are called, and in `train` and so on how many there are. */
  readonly classes: readonly string[];
  /** Of the numbers in training: what predictions are undone by. */
  readonly scale?: { readonly mean: number; readonly std: number };
  /** Photos in each split, where a photo has not just one class. */
  readonly photos?: Readonly<Record<'train' | 'validation' | 'test', number>>;
  /** "36 of 360 photos: a subset of 10 %"; left out: all are used. */
  readonly subset?: string;
  /** Items per class in each split, indexed as `classes`. */
  readonly train: readonly number[];
  readonly validation: readonly number[];
  readonly test: readonly number[];
  /** Files left out, by diagnostic code; conversions likewise. */
  readonly leftOut: Readonly<Record<string, number>>;
  readonly converted: Readonly<Record<string, number>>;
  readonly duplicateGroups: number;
  /** "given folders", "stratified 70/15/15, seed 7". */
  readonly splitBy: string;
}

export interface StageFacts {
  readonly name: string;
  /** First step of the stage (planned; early stopping may move later ones). */
  readonly fromStep: number;
  readonly epochs: number;
  /** Absent in journals of earlier versions: the run's. */
  readonly stepsPerEpoch?: number;
  /** "head", "head, blocks.5, blocks.6": as written in the plan. */
  readonly trains: readonly string[];
  readonly trainedParameters: number;
  readonly rate: number;
  /** Of one epoch with its evaluation, of the trainer's memory, and of the cache, before anything was trained. */
  readonly predicted?: { readonly epochMs: number; readonly peakBytes: number; readonly cacheBytes: number };
}

/** What a stage took, beside what had been predicted. */
export interface MeasuredStage {
  readonly name: string;
  /** Median over its epochs. */
  readonly epochMs: number;
  readonly predictedEpochMs: number;
}
