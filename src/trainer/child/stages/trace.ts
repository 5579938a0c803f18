/**
 * What a training run predicted at each evaluation, so that two runs can be compared at equal steps. Selection looks at
 * the validation numbers only; the test logits are kept for judging, never for choosing. Only weights that were the best so far
 * are ever judged: had training ended there, or at any step up to the next best, theirs is the checkpoint that would have been kept.
 */
export interface Evaluation {
  readonly step: number;
  readonly validationLoss: number;
  readonly validationAccuracy: number;
  /** How many different answers the validation items got at all. */
  readonly predictedClasses: number;
  /** Of the best so far. Mean, nats. */
  readonly testLoss?: number;
  /** Likewise. [test items, classes], row-major. */
  readonly testLogits?: Float32Array;
}

/** An evaluation that was the best so far. */
export type Judged = Required<Evaluation>;

export const isJudged = (evaluation: Evaluation): evaluation is Judged => evaluation.testLoss !== undefined && evaluation.testLogits !== undefined;

export type StopMetric = 'validation.loss' | 'validation.accuracy';

/** Whether `a` is better than `b`, strictly and by more than `least`, by the metric that the plan stops on. */
export function better(metric: StopMetric, a: Evaluation, b: Evaluation | undefined, least = 0): boolean {
  if (!b) return true;
  return metric === 'validation.loss' ? a.validationLoss < b.validationLoss - least : a.validationAccuracy > b.validationAccuracy + least;
}

/** Index of the largest logit of each row. */
export function predictedOf(logits: Float32Array, classes: number): Int32Array {
  return Int32Array.from({ length: logits.length / classes }, (_, row) => {
    let best = 0;
    for (let k = 1; k < classes; k++) if (logits[row * classes + k]! > logits[row * classes + best]!) best = k;
    return best;
  });
}

/** Softmax of one row of logits. */
export function probabilitiesOf(logits: Float32Array, row: number, classes: number): number[] {
  const values = Array.from(logits.subarray(row * classes, (row + 1) * classes));
  const top = Math.max(...values);
  const exps = values.map((value) => Math.exp(value - top));
  const sum = exps.reduce((a, b) => a + b, 0);
  return exps.map((value) => value / sum);
}
