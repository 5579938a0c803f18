import { percent } from '../base/units.ts';
import { labelScores } from '../evidence/multiLabel.ts';
import { spreadOf } from '../evidence/regression.ts';
import { rightOf } from '../evidence/rightness.ts';
import type { Checked } from '../protocol/diagnostic.ts';
import type { PageDiffering, PageItem, PageMistake, PageResults } from '../protocol/pageMessages.ts';
import type { DataFacts } from '../protocol/runEvent.ts';
import { confusionOf, type LabelsPrediction, mistakesOf, type NumberPrediction, type Prediction, readLabelsPredictions, readNumberPredictions, readPredictions } from '../runs/predictions.ts';
import { keptWithin, readTrace } from '../runs/trace.ts';
import { placeOf, runFolder, type RunFolder } from '../runs/runFolder.ts';
import { readOutcomes } from '../runs/outcomes.ts';
import type { RunState } from '../protocol/reduceRun.ts';
import { join } from 'node:path';

/** As many as a page shows without scrolling for long. */
const mistakesShown = 24;

type ThumbnailOf = (path: string) => string;

/** What a tested run got right and wrong, and what the deciding control does otherwise. `thumbnailOf` gets paths relative to the dataset folder. */
export function readResults(run: RunFolder, state: RunState & { readonly data: DataFacts }, thumbnailOf: ThumbnailOf): Checked<PageResults> {
  const read = answersOf(run, state.data, thumbnailOf), differing = read.ok ? differingOf(run, state, thumbnailOf) : undefined;
  return read.ok && differing ? { ...read, value: { ...read.value, differing } } : read;
}

function answersOf(run: RunFolder, data: Pick<DataFacts, 'task' | 'classes'>, thumbnailOf: ThumbnailOf): Checked<PageResults> {
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
    mistaken: predictions.filter(({ label, predicted }) => label !== predicted).length,
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
    classes, confusion: [], mistaken: wrong.length,
    labels: scores.map((score, label) => ({ label: classes[label]!, ...score })).sort((a, b) => (a.averagePrecision || 0) - (b.averagePrecision || 0)),
    mistakes: wrong.slice(0, mistakesShown).map(({ each: { path, labels, predicted }, loss }): PageMistake =>
      ({ path, thumbnail: thumbnailOf(path), right: named(labels), wrong: named(predicted), how: `loss ${(loss / classes.length).toFixed(2)}` })),
  };
}

/** The photos that are farthest off, and all of them as points. */
function ofNumbers(predictions: readonly NumberPrediction[], classes: readonly string[], thumbnailOf: ThumbnailOf): PageResults {
  const worst = [...predictions].sort((a, b) => Math.abs(b.predicted - b.target) - Math.abs(a.predicted - a.target));
  return {
    classes, confusion: [], mistaken: predictions.length,
    numbers: predictions.map(({ target, predicted }) => ({ target, predicted })),
    mistakes: worst.slice(0, mistakesShown).map(({ path, target, predicted }): PageMistake =>
      ({ path, thumbnail: thumbnailOf(path), right: numberText(target), wrong: numberText(predicted), how: `${predicted < target ? '−' : '+'}${numberText(Math.abs(predicted - target))}` })),
  };
}

/** Against the control that the verdict rests on; undefined when there is none, or its files are gone. */
function differingOf(run: RunFolder, { verdict, controls, data: { task, classes } }: RunState & { readonly data: DataFacts }, thumbnailOf: ThumbnailOf): PageDiffering | undefined {
  const control = verdict?.against, { runId, matchedSteps } = controls.find((each) => each.control === control) ?? {};
  const own = readOutcomes(run, 'test', task), read = control && runId !== undefined ? readOutcomes(runFolder(join(placeOf(run).runs, runId)), 'test', task) : undefined;
  if (!control || !own.ok || !read?.ok) return undefined;
  const others = new Map(read.value.map((each) => [each.path, each])), kept = matchedSteps === undefined ? undefined : keptWithin(readTrace(run), matchedSteps);
  const isOfNumbers = task === 'image-regression', spread = isOfNumbers ? spreadOf(own.value.map(({ truth }) => truth[0]!)) : undefined;
  const named = (answer: readonly number[]): string => isOfNumbers ? answer.map(numberText).join() : answer.map((label) => classes[label] ?? '?').join(', ') || 'none';
  const differing = own.value.flatMap((item, i) => {
    const other = others.get(item.path), said = kept?.said ? [kept.said[i]!] : item.said;
    if (!other) return [];
    const gain = (kept?.right ? Number(kept.right[i]) : rightOf([{ ...item, said }], spread)[0]!) - rightOf([other], spread)[0]!;
    return gain === 0 ? [] : [{ gain, item: { path: item.path, thumbnail: thumbnailOf(item.path), right: named(item.truth), wrong: named(gain > 0 ? other.said : said) } }];
  }).sort((a, b) => Math.abs(b.gain) - Math.abs(a.gain));
  const [fixed, broken] = [differing.filter(({ gain }) => gain > 0), differing.filter(({ gain }) => gain < 0)].map((some) => some.map(({ item }): PageItem => item)) as [PageItem[], PageItem[]];
  return { control, fixed: fixed.slice(0, mistakesShown), broken: broken.slice(0, mistakesShown), onlyRun: fixed.length, onlyControl: broken.length };
}

const numberText = (value: number): string => String(Number(value.toPrecision(4)));
