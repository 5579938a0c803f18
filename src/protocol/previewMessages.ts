import type { CutPrediction, Prediction } from './answers.ts';

/** Between the extension host and the page that previews a plan. Both sides guard what they receive (protocol/guards.ts). */

/** What an experiment file means and would cost, before anything runs. */
export interface PlanPreview {
  /** The file's name. */
  readonly title: string;
  readonly backbone: string;
  readonly batch: number;
  /** That the file makes (`variants`, `seeds`), one after another; what is shown is one of them. */
  readonly runs: number;
  /** Paths of the network's blocks, from the input to the head; empty while its layers are not known. */
  readonly blocks: readonly string[];
  readonly stages: readonly PreviewStage[];
  /** Every value, in the schema's order. */
  readonly values: readonly PlanValue[];
  /** Controls that take seconds. */
  readonly quickControls: readonly string[];
  readonly costs?: PreviewCosts;
}

export interface PreviewStage {
  readonly name: string;
  /** "at most 20 epochs, rate 0.003". */
  readonly words: string;
  readonly batchNorm: string;
  readonly trainedParameters: number;
  /** In the order of PlanPreview.blocks. */
  readonly blocks: readonly PreviewBlock[];
}

/**
 * What a stage does with a block. `cached`: in the frozen prefix, computed once per photo; `frozen`: it does not train,
 * but runs in every epoch, since a layer before it trains.
 */
export type RowState = 'trained' | 'partly' | 'cached' | 'frozen';

export interface PreviewBlock {
  readonly state: RowState;
  /** Layers of the block that train, and all of them. */
  readonly training: number;
  readonly layers: number;
}

/** What is known once the folder has been counted and this machine measured. */
export interface PreviewCosts {
  /** "360 photos, 6 classes". */
  readonly photos: string;
  /** The engine that would train. */
  readonly engine: string;
  /** One after another, controls last. */
  readonly phases: readonly Phase[];
  /** In the order of PlanPreview.stages. */
  readonly stages: readonly Prediction[];
  readonly cuts: readonly CutPrediction[];
}

/** A stretch of the time line. */
export interface Phase {
  readonly kind: 'features' | 'stage' | 'control';
  readonly name: string;
  /** "20 epochs of 0.41 s". */
  readonly words: string;
  readonly fromMs: number;
  readonly ms: number;
  /** Memory, of a control. */
  readonly peakBytes?: number;
}

/** One value of a resolved plan, as it would be written. */
export interface PlanValue {
  /** `stages.0.rate`. */
  readonly path: string;
  readonly text: string;
  readonly origin: string;
}

/** A value that two plans do not share; absent where a plan has no such key (it has fewer stages). */
export interface PlanDifference {
  readonly path: string;
  readonly left: string | undefined;
  readonly right: string | undefined;
}

export type ToPreview =
  /** `stage`: the one that a cut would be written to. `broken`: what is wrong with the file now; the plan is then an older one. */
  | { readonly type: 'preview'; readonly file: string; readonly preview?: PlanPreview; readonly stage: number; readonly broken?: string; readonly unpredicted?: string };

export type FromPreview =
  | { readonly type: 'ready' }
  /** Train from this block on, in this stage. */
  | { readonly type: 'cut'; readonly stage: number; readonly path: string }
  | { readonly type: 'choose-stage'; readonly stage: number }
  | { readonly type: 'run' }
  | { readonly type: 'open-file' }
  | { readonly type: 'page-error'; readonly message: string };
