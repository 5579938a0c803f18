import { percent } from '../base/units.ts';
import { labelScores } from '../evidence/multiLabel.ts';
import type { Checked } from '../protocol/diagnostic.ts';
import type { PageMistake, PageResults } from '../protocol/pageMessages.ts';
import type { DataFacts } from '../protocol/runEvent.ts';
import { confusionOf, type LabelsPrediction, mistakesOf, type NumberPrediction, type Prediction, readLabelsPredictions, readNumberPredictions, readPredictions } from '../runs/predictions.ts';
import type { RunFolder } from '../runs/runFolder.ts';

/** As many as a page shows without scrolling for long. */
const mistakesShown = 24;

type ThumbnailOf = (path: string) => string;

/** What a tested run got right and wrong. `thumbnailOf` gets paths relative to the dataset folder. */
export function readResults(run: RunFolder, data: Pick<DataFacts, 'task' | 'classes'>, thumbnailOf: ThumbnailOf): Checked<PageResults> {
  const shown = <T>(read: Checked<readonly T[]>, show: (predictions: readonly T[]) => PageResults): Checked<PageResults> => read.ok ? { ...read, value: show(read.value) } : read;
  const { classes } = data, task: DataFacts['task'] = data.task;
  switch (task) {
    case undefined: return shown(readPredictions(run, 'test'), (predictions) => ofClasses(predictions, classes, thumbnailOf));
    case 'image-multi-label': return shown(readLabelsPredictions(run, 'test'), (predictions) => ofLabels(predictions, classes, thumbnailOf));
    case 'image-regression': return shown(readNumberPredictions(run, 'test'), (predictions) => ofNumbers(predictions, classes, thumbnailOf));
  }
}

function ofClasses(predictions: readonly Prediction[], classes: readonly string[], thumbnailOf: ThumbnailOf): PageResults {
  return {
    classes,
    confusion: confusionOf(predictions, classes.length),
    mistakes: mistakesOf(predictions, mistakesShown).map(({ path, label, predicted, top }) =>
      ({ path, thumbnail: thumbnailOf(path), right: classes[label] ?? '?', wrong: classes[predicted] ?? '?', how: percent(top[0]!.probability, 0) })),
  };
}

/** The photos with the largest loss, and each label with how well it is told. */
function ofLabels(predictions: readonly LabelsPrediction[], classes: readonly string[], thumbnailOf: ThumbnailOf): PageResults {
  const targets = predictions.flatMap(({ labels }) => classes.map((_, label) => Number(labels.includes(label))));
  const scores = labelScores(Float32Array.from(predictions.flatMap(({ probabilities }) => probabilities)), Float32Array.from(targets), classes.length);
  const named = (labels: readonly number[]): string => labels.map((label) => classes[label] ?? '?').join(', ') || 'none';
  const lossOf = ({ labels, probabilities }: LabelsPrediction): number => probabilities.reduce((sum, p, label) => sum - Math.log(Math.max(1e-12, labels.includes(label) ? p : 1 - p)), 0);
  const wrong = predictions.filter(({ labels, predicted }) => named(labels) !== named(predicted)).map((each) => ({ each, loss: lossOf(each) })).sort((a, b) => b.loss - a.loss);
  return {
    classes, confusion: [],
    labels: scores.map((score, label) => ({ label: classes[label]!, ...score })).sort((a, b) => (a.averagePrecision || 0) - (b.averagePrecision || 0)),
    mistakes: wrong.slice(0, mistakesShown).map(({ each: { path, labels, predicted }, loss }): PageMistake =>
      ({ path, thumbnail: thumbnailOf(path), right: named(labels), wrong: named(predicted), how: `loss ${(loss / classes.length).toFixed(2)}` })),
  };
}

/** The photos that are farthest off, and all of them as points. */
function ofNumbers(predictions: readonly NumberPrediction[], classes: readonly string[], thumbnailOf: ThumbnailOf): PageResults {
  const worst = [...predictions].sort((a, b) => Math.abs(b.predicted - b.target) - Math.abs(a.predicted - a.target));
  return {
    classes, confusion: [],
    numbers: predictions.map(({ target, predicted }) => ({ target, predicted })),
    mistakes: worst.slice(0, mistakesShown).map(({ path, target, predicted }): PageMistake =>
      ({ path, thumbnail: thumbnailOf(path), right: numberText(target), wrong: numberText(predicted), how: `${predicted < target ? '−' : '+'}${numberText(Math.abs(predicted - target))}` })),
  };
}

const numberText = (value: number): string => String(Number(value.toPrecision(4)));
