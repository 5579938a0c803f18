/**
 * What a batch's rows should be taken for, as plain data: float32 [rows, classes], row by row. `massOf` turns it into the
 * mass that crossEntropy (losses.ts) wants. Parity: test/parity/engine/losses.test.ts.
 */

/** One-hot, with `smoothing` of each row spread over all classes (Szegedy et al. 2016, arXiv:1512.00567 §7). */
export function smoothedTargets(labels: ArrayLike<number>, classes: number, smoothing = 0): Float32Array {
  const targets = new Float32Array(labels.length * classes).fill(smoothing / classes);
  for (let row = 0; row < labels.length; row++) targets[row * classes + labels[row]!]! += 1 - smoothing;
  return targets;
}

/**
 * Of rows mixed in pairs, `share` of each and the rest of the row at its place in `partners`: mixup (Zhang et al. 2018,
 * arXiv:1710.09412), or CutMix (Yun et al. 2019, arXiv:1905.04899), where the share is that of the pixels that were kept.
 */
export function mixedTargets(targets: Float32Array, partners: ArrayLike<number>, share: number): Float32Array {
  const classes = targets.length / partners.length;
  return targets.map((value, i) => {
    const row = Math.floor(i / classes);
    return share * value + (1 - share) * targets[i + (partners[row]! - row) * classes]!;
  });
}

export interface RowWeights {
  /** Of each row, ≥ 0; 0 for rows to ignore. Left out: all alike. */
  readonly rows?: ArrayLike<number>;
  /** Of each class, as torch's `weight`: on every term of the loss, and through `labels` on how much its rows count. */
  readonly classes?: ArrayLike<number>;
  /** Left out where targets are mixed: rows then count alike whatever their classes, as torch's do with targets for labels. */
  readonly labels?: ArrayLike<number>;
}

/** Targets [rows, classes] → their mass in the batch's mean. */
export function massOf(targets: Float32Array, rowCount: number, { rows, classes: classWeights, labels }: RowWeights = {}): Float32Array {
  const classes = targets.length / rowCount;
  const weightOf = (row: number): number => rows?.[row] ?? 1;
  const countOf = (row: number): number => weightOf(row) * (labels && classWeights ? classWeights[labels[row]!]! : 1);
  let total = 0;
  for (let row = 0; row < rowCount; row++) total += countOf(row);
  return targets.map((value, i) => value * weightOf(Math.floor(i / classes)) * (classWeights?.[i % classes] ?? 1) / total);
}
