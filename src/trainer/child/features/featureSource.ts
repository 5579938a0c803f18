import type { SampleId, View } from '../../../data/sample.ts';

/** One row of a batch: which sample, seen how. */
export interface Row {
  /** Index into the dataset's samples. */
  readonly sample: number;
  readonly view: View;
}

/**
 * What a stage trains on: the activations at its freeze boundary, or the pixels when nothing is frozen. The training
 * loop does not know which: cached features come from memory or disk, pixels are decoded ahead of the step.
 */
export interface FeatureSource {
  /** Boundary node, or `input`. */
  readonly from: string;
  /** Values per row. */
  readonly width: number;
  /** Rows in the order given, `size` at a time; the last block repeats its last row to stay full (its rows count 0). */
  blocks(rows: readonly Row[], size: number, signal?: AbortSignal): AsyncGenerator<Float32Array | Uint8Array>;
}

/** Name of a sample's view in caches and messages. */
export const rowName = (id: SampleId, view: View): string => `${id} (${view})`;
