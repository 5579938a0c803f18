import type { Share } from './verdict.ts';

/** What is looked at when a run has been tested; formulas and limits: docs/evidence.md. Also files of a run's evidence/. */

/** How far the probabilities that the network states can be trusted, on the test images. */
export interface Calibration {
  /** Logits divided by it state the probabilities of `after`; 1 where none was fitted. */
  readonly temperature: number;
  /** Why none was. */
  readonly why?: string;
  /** What it was fitted on. */
  readonly validationItems: number;
  readonly items: number;
  readonly before: CalibrationScore;
  readonly after: CalibrationScore;
}

export interface CalibrationScore {
  /** Expected calibration error, 0…1. */
  readonly ece: number;
  /** What `ece` is on average where probabilities are right, with as many items: below it, nothing has been shown. */
  readonly chanceEce: number;
  /** 0…2. */
  readonly brier: number;
  /** Nats. */
  readonly loss: number;
  /** Of fifteen, those with items. */
  readonly bins: readonly ReliabilityBin[];
}

export interface ReliabilityBin {
  /** Mean probability of what was predicted. */
  readonly confidence: number;
  /** Share of it that was right. */
  readonly accuracy: number;
  readonly items: number;
}

/** What fine-tuning changed in the network, and what of the pretrained network it stands on. */
export interface Transfer {
  /** Rows of the layer tree but the head's, blocks, groups and layers: ‖w − w₀‖ / ‖w₀‖ over their parameters. */
  readonly changes: readonly LayerChange[];
  /** Blocks that trained or lie behind one that did, from input to head. */
  readonly blocks: readonly BlockTransfer[];
  /** Validation images that CKA and drift looked at, and those that the rewind test did; 0: not done. */
  readonly images: number;
  readonly rewindImages: number;
  /** Whether the source task's own head still says what it said, on validation images. */
  readonly sourceHead?: { readonly agreement: Share; readonly classes: number };
  /** Forgetting: photos of the source task (`matched` of its `classes`) that its own head gets right, before and after, and after − before. `p`: exact McNemar. */
  readonly source?: { readonly name: string; readonly classes: number; readonly matched: number; readonly before: Share; readonly after: Share; readonly change: AccuracyChange; readonly p: number };
  /** What was left out, and why. */
  readonly notes: readonly string[];
}

export interface LayerChange {
  readonly path: string;
  readonly change: number;
}

export interface BlockTransfer extends LayerChange {
  /** Linear CKA of its output before and after; `control`: before, against random weights in its place. */
  readonly cka?: { readonly value: number; readonly control: number };
  /** Validation accuracy with it reset − without. */
  readonly rewind?: { readonly pretrained: AccuracyChange; readonly random: AccuracyChange };
}

/** −1…1, with its 95 % interval. */
export interface AccuracyChange {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}
