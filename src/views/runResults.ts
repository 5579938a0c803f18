import type { Checked } from '../protocol/diagnostic.ts';
import type { PageResults } from '../protocol/pageMessages.ts';
import { confusionOf, mistakesOf, readPredictions } from '../runs/predictions.ts';
import type { RunFolder } from '../runs/runFolder.ts';

/** As many as a page shows without scrolling for long. */
const mistakesShown = 24;

/** Confusion matrix and worst mistakes of a tested run. `thumbnailOf` gets paths relative to the dataset folder. */
export function readResults(run: RunFolder, classes: readonly string[], thumbnailOf: (path: string) => string): Checked<PageResults> {
  const predictions = readPredictions(run, 'test');
  return predictions.ok ? { ...predictions, value: resultsOf(predictions.value, classes, thumbnailOf) } : predictions;
}

function resultsOf(predictions: Parameters<typeof mistakesOf>[0], classes: readonly string[], thumbnailOf: (path: string) => string): PageResults {
  return {
    classes,
    confusion: confusionOf(predictions, classes.length),
    mistakes: mistakesOf(predictions, mistakesShown).map(({ path, label, predicted, top }) =>
      ({ path, thumbnail: thumbnailOf(path), label, predicted, probability: top[0]!.probability })),
  };
}
