import { join } from 'node:path';
import type { Checked } from '../protocol/diagnostic.ts';
import type { PageDiffering, PageItem, PageResults } from '../protocol/pageMessages.ts';
import type { RunState } from '../protocol/reduceRun.ts';
import { confusionOf, mistakesOf, readPredictions, type Prediction } from '../runs/predictions.ts';
import { keptWithin, readTrace } from '../runs/trace.ts';
import { placeOf, runFolder, type RunFolder } from '../runs/runFolder.ts';

/** As many as a page shows without scrolling for long. */
const itemsShown = 24;

type ThumbnailOf = (path: string) => string;

/** Confusion matrix, worst mistakes, and what the deciding control does otherwise, of a tested run. `thumbnailOf` gets paths relative to the dataset folder. */
export function readResults(run: RunFolder, state: RunState, thumbnailOf: ThumbnailOf): Checked<PageResults> {
  const predictions = readPredictions(run, 'test'), classes = state.data?.classes ?? [];
  if (!predictions.ok) return predictions;
  const differing = differingOf(run, predictions.value, state, thumbnailOf);
  return {
    ...predictions,
    value: {
      classes,
      confusion: confusionOf(predictions.value, classes.length),
      mistakes: mistakesOf(predictions.value, itemsShown).map(({ path, label, predicted, top }) =>
        ({ path, thumbnail: thumbnailOf(path), label, predicted, probability: top[0]!.probability })),
      ...(differing && { differing }),
    },
  };
}

/** Against the control that the verdict rests on; undefined when there is none, or its files are gone. */
function differingOf(run: RunFolder, own: readonly Prediction[], { verdict, controls }: RunState, thumbnailOf: ThumbnailOf): PageDiffering | undefined {
  const control = verdict?.against, { runId, matchedSteps } = controls.find((each) => each.control === control) ?? {};
  const read = control && runId !== undefined ? readPredictions(runFolder(join(placeOf(run).runs, runId)), 'test') : undefined;
  if (!control || !read?.ok) return undefined;
  const called = new Map(read.value.map(({ path, predicted }) => [path, predicted])), kept = matchedSteps === undefined ? undefined : keptWithin(readTrace(run), matchedSteps);
  const fixed: PageItem[] = [], broken: PageItem[] = [];
  own.forEach(({ path, label, predicted }, i) => {
    const other = called.get(path), runIsRight = kept ? kept.right[i] === '1' : predicted === label;
    if (other === undefined || runIsRight === (other === label)) return;
    const item = { path, thumbnail: thumbnailOf(path), label };
    if (runIsRight) fixed.push({ ...item, called: other });
    else broken.push({ ...item, called: predicted });
  });
  return { control, fixed: fixed.slice(0, itemsShown), broken: broken.slice(0, itemsShown), onlyRun: fixed.length, onlyControl: broken.length };
}
