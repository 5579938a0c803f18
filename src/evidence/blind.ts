/**
 * The blind guess: a control that never looks at a photo and always says the class that is most frequent in training
 * (the "zero rule"). A run that does not beat it has learnt nothing from the pictures; with unequal classes it can look
 * deceptively good. Judged on the test items like every other control.
 */

/** The most frequent class of the training labels; of equals the lowest index. */
export function majorityClass(trainLabels: ArrayLike<number>, classes: number): number {
  const counts = new Uint32Array(classes);
  for (let i = 0; i < trainLabels.length; i++) counts[trainLabels[i]!]!++;
  return counts.indexOf(Math.max(...counts));
}

/** Its predictions for `items` items. */
export const blindPredictions = (trainLabels: ArrayLike<number>, classes: number, items: number): Int32Array =>
  new Int32Array(items).fill(majorityClass(trainLabels, classes));
