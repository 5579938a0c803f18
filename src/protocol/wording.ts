import type { Activity, DataFacts } from './runEvent.ts';
import type { Score, Share } from './verdict.ts';
import { bytes, percent, shortTime } from '../base/units.ts';
import { visible } from './diagnostic.ts';
import type { Measured, Progress } from './reduceRun.ts';
import type { Advice, Remedy } from './verdict.ts';

/** Words shared by page, trees and terminal, so that one thing has one name everywhere. */
const activities: Readonly<Record<Activity, string>> = {
  'fetching': 'Fetching the backbone',
  'scanning': 'Looking through the folder',
  'reading': 'Reading images',
  'features': 'Running images through the frozen layers',
  'random-features': 'Running images through a random backbone',
  'trying-rates': 'Trying learning rates',
  'training': 'Training',
  'evaluating': 'Evaluating',
  'rates': 'Trying learning rates',
};

/** "Reading images: 120 of 360". */
export function activityText({ activity, done, total }: Progress): string {
  const shown = activity === 'fetching' ? bytes : String;
  const much = total !== undefined ? `: ${shown(done)} of ${shown(total)}` : done > 0 ? `: ${shown(done)}` : '';
  return `${activities[activity]}${much}`;
}

/** "5,310 images/s", "9.3 images/s", "3.1 MiB/s", "41 steps/s": what goes on now, or training. */
export function speedText(perSecond: number, activity?: Activity): string {
  if (activity === 'fetching') return `${bytes(perSecond)}/s`;
  return `${perSecond < 10 ? perSecond.toFixed(1) : Math.round(perSecond).toLocaleString('en-US')} ${activity === 'rates' ? 'steps' : 'images'}/s`;
}

/** What the one number that says how good a run is is called. */
export function scoreName(task: DataFacts['task']): string {
  switch (task) {
    case undefined: return 'accuracy';
    case 'image-multi-label': return 'exact match';
    case 'image-regression': return 'R²';
  }
}

/** "73.6 %", "R² 0.72": that number. */
export const scoreText = (value: number, task: DataFacts['task'], digits = 1): string =>
  task === 'image-regression' ? `R² ${value.toFixed(2).replace('-', '−')}` : percent(value, digits);

/** "73.6 % of 72 test images right", "R² 0.72 on 72 test images". */
export function scoreSentence({ value, items }: Pick<Share, 'value' | 'items'>, task: DataFacts['task']): string {
  switch (task) {
    case undefined: return `${percent(value)} of ${items} test images right`;
    case 'image-multi-label': return `${percent(value)} of ${items} test images right in all labels`;
    case 'image-regression': return `${scoreText(value, task)} on ${items} test images`;
  }
}

/** "95 % interval 62.4 % – 82.4 %". */
export const intervalText = ({ low, high }: Pick<Share, 'low' | 'high'>, task: DataFacts['task'], digits = 1): string =>
  `95 % interval ${[low, high].map((value) => scoreText(value, task, digits).replace('R² ', '')).join(' – ')}`;

const metricNames: Readonly<Record<string, string>> = {
  meanAveragePrecision: 'mean average precision', microF1: 'micro F1', macroF1: 'macro F1', meanAbsoluteError: 'mean absolute error', rootMeanSquaredError: 'root mean squared error',
};

/** "mean average precision 0.812 · micro F1 0.774 · macro F1 0.731"; errors in the target's own unit. */
export const metricsText = (metrics: NonNullable<Score['metrics']>): string =>
  Object.entries(metrics).map(([name, value]) => `${metricNames[name] ?? visible(name)} ${name.endsWith('Error') ? value.toPrecision(3) : value.toFixed(3)}`).join(' · ');

/** Photos in each split: where a photo has one class, those of all classes. */
export function photosIn({ photos, train, validation, test }: DataFacts): NonNullable<DataFacts['photos']> {
  const sum = (counts: readonly number[]): number => counts.reduce((a, b) => a + b, 0);
  return photos ?? { train: sum(train), validation: sum(validation), test: sum(test) };
}

/** "in 6 classes", "with 5 labels", "with a number each". */
export const learntText = ({ task, classes }: DataFacts): string =>
  task === 'image-regression' ? 'with a number each' : task === 'image-multi-label' ? `with ${classes.length} labels` : `in ${classes.length} classes`;

/** "360 photos, 6 classes"; "90 photos, a number each". */
export function photosText(images: number, outputs: number, task: DataFacts['task'] | 'image-classification'): string {
  const learnt = task === 'image-regression' ? 'a number each' : `${outputs} ${task === 'image-multi-label' ? 'labels' : 'classes'}`;
  return `${images.toLocaleString('en')} photos, ${learnt}`;
}

/** How a control is called wherever one is shown. */
export function controlTitle(control: string): string {
  switch (control) {
    case 'blind': return 'blind guess';
    case 'knn': return 'nearest neighbours';
    case 'linear-probe': return 'linear probe';
    case 'random-features': return 'random backbone';
    case 'scratch': return 'from scratch';
    default: return control;
  }
}

/** "epochs of probe 0.41 s (predicted 0.38 s) · memory 812 MiB (predicted 0.9 GiB)": what a run took, beside what had been said before. */
export function measuredText({ stages, peakBytes, predictedPeakBytes }: Measured): string {
  const epochs = stages.map(({ name, epochMs, predictedEpochMs }) => `epochs of ${visible(name)} ${shortTime(epochMs)} (predicted ${shortTime(predictedEpochMs)})`);
  return [...epochs, `memory ${bytes(peakBytes)} (predicted ${bytes(predictedPeakBytes)})`].join(' · ');
}

/** What a cause is called. */
export function causeTitle(cause: Advice['cause']): string {
  switch (cause) {
    case 'failed-run': return 'The run failed to learn';
    case 'preprocessing': return 'The photos arrive changed';
    case 'over-freezing': return 'Too much is frozen';
    case 'distortion': return 'Good features were spoilt';
    case 'source-mismatch': return 'The source does not fit';
    case 'too-little-data': return 'Too little to judge by';
    case 'overfitting': return 'Learnt by heart';
  }
}

/** A remedy as it is done without a mouse. `id`: the run's. */
export function remedyText(remedy: Remedy, id: string): string {
  switch (remedy.type) {
    case 'edit': return `${remedy.title}: ${remedy.edits.map(({ path, value }) => `${path}: ${value}`).join(', ')}`;
    case 'control': return `${remedy.title}: thaw control ${id} ${remedy.control}`;
    case 'confirm': return `${remedy.title}: thaw confirm ${id}`;
    case 'probe-first': return `${remedy.title}: a stage { train: [head] } before the others`;
    case 'rank': return `${remedy.title}: thaw rank <folder>`;
  }
}
