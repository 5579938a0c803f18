import { Bug } from '../base/bug.ts';

/** Counts [true class][predicted class]. labels, predicted: class indices, item by item. */
export function confusionOf(labels: ArrayLike<number>, predicted: ArrayLike<number>, classes: number): number[][] {
  if (labels.length !== predicted.length) throw new Bug(`${labels.length} labels, ${predicted.length} predictions`);
  const counts = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (let i = 0; i < labels.length; i++) {
    const row = counts[labels[i]!], column = predicted[i]!;
    if (row?.[column] === undefined) throw new Bug(`class ${labels[i]!} or ${column} of ${classes}`);
    row[column]++;
  }
  return counts;
}

export interface ClassScore {
  /** Of what was called this class, the share that is; 0 when nothing was. */
  readonly precision: number;
  /** Of what is this class, the share that was found; 0 when there is none. */
  readonly recall: number;
  /** Their harmonic mean. */
  readonly f1: number;
  /** Items of this class. */
  readonly items: number;
}

/** Precision, recall and F1 of each class; where nothing was counted the score is 0 (as scikit-learn's zero_division = 0). */
export function classScores(confusion: readonly (readonly number[])[]): ClassScore[] {
  const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
  return confusion.map((row, c) => {
    const right = row[c]!, items = sum(row), called = sum(confusion.map((other) => other[c]!));
    return { precision: ratio(right, called), recall: ratio(right, items), f1: ratio(2 * right, items + called), items };
  });
}

/** Mean F1 over the classes: unlike accuracy, a rare class counts as much as a frequent one. */
export const macroF1 = (confusion: readonly (readonly number[])[]): number =>
  ratio(classScores(confusion).reduce((sum, { f1 }) => sum + f1, 0), confusion.length);

const ratio = (part: number, whole: number): number => whole === 0 ? 0 : part / whole;
