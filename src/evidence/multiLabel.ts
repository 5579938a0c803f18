/**
 * How good yes–no answers to several labels at once are. scores and targets: float32 [items, labels], item by item; targets
 * are 0 or 1, and a score of 0.5 or more says yes. Definitions are scikit-learn's (zero_division = 0); a label that no item
 * has is in no mean. Left out: thresholds chosen per label, which would have to be chosen on other items than these.
 */

export interface LabelScore {
  /** Area under precision over recall, by steps (not interpolated); NaN where no item has the label. */
  readonly averagePrecision: number;
  readonly f1: number;
  /** Items that have the label. */
  readonly items: number;
}

/** One for each label. */
export function labelScores(scores: Float32Array, targets: Float32Array, labels: number): LabelScore[] {
  return Array.from({ length: labels }, (_, label) => {
    const { right, called, items } = countsOf(scores, targets, labels, label);
    return { averagePrecision: averagePrecision(column(scores, labels, label), column(targets, labels, label)), f1: ratio(2 * right, called + items), items };
  });
}

/** Mean average precision and macro F1 over the labels that occur, micro F1 over all answers. */
export function labelMetrics(scores: Float32Array, targets: Float32Array, labels: number): { readonly meanAveragePrecision: number; readonly microF1: number; readonly macroF1: number } {
  const all = labelScores(scores, targets, labels), occurring = all.filter(({ items }) => items > 0);
  const sums = all.map((_, label) => countsOf(scores, targets, labels, label)).reduce((a, b) => ({ right: a.right + b.right, called: a.called + b.called, items: a.items + b.items }));
  const mean = (valueOf: (score: LabelScore) => number): number => ratio(occurring.reduce((sum, score) => sum + valueOf(score), 0), occurring.length);
  return { meanAveragePrecision: mean((score) => score.averagePrecision), microF1: ratio(2 * sums.right, sums.called + sums.items), macroF1: mean((score) => score.f1) };
}

/** Σ (recall step) × precision over the scores from high to low; equal scores make one step. */
export function averagePrecision(scores: ArrayLike<number>, targets: ArrayLike<number>): number {
  const order = Array.from(scores, (_, i) => i).sort((a, b) => scores[b]! - scores[a]!);
  const positives = order.filter((i) => targets[i]! > 0).length;
  let right = 0, sum = 0;
  for (let at = 0; at < order.length;) {
    let gained = 0, next = at;
    for (; next < order.length && scores[order[next]!] === scores[order[at]!]; next++) gained += Number(targets[order[next]!]! > 0);
    right += gained;
    sum += gained * right / next;
    at = next;
  }
  return positives === 0 ? NaN : sum / positives;
}

function countsOf(scores: Float32Array, targets: Float32Array, labels: number, label: number): { readonly right: number; readonly called: number; readonly items: number } {
  let right = 0, called = 0, items = 0;
  for (let i = label; i < scores.length; i += labels) {
    const yes = scores[i]! >= 0.5, is = targets[i]! > 0;
    right += Number(yes && is);
    called += Number(yes);
    items += Number(is);
  }
  return { right, called, items };
}

const column = (values: Float32Array, labels: number, label: number): Float32Array => Float32Array.from({ length: values.length / labels }, (_, row) => values[row * labels + label]!);

const ratio = (part: number, whole: number): number => whole === 0 ? 0 : part / whole;
