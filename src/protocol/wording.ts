import type { Activity } from './runEvent.ts';
import { bytes, shortTime } from '../base/units.ts';
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
};

/** "Reading images: 120 of 360". */
export function activityText({ activity, done, total }: Progress): string {
  const shown = activity === 'fetching' ? bytes : String;
  const much = total !== undefined ? `: ${shown(done)} of ${shown(total)}` : done > 0 ? `: ${shown(done)}` : '';
  return `${activities[activity]}${much}`;
}

/** "5,310 images/s", "9.3 images/s", "3.1 MiB/s": what goes on now, or training. */
export function speedText(perSecond: number, activity?: Activity): string {
  if (activity === 'fetching') return `${bytes(perSecond)}/s`;
  return `${perSecond < 10 ? perSecond.toFixed(1) : Math.round(perSecond).toLocaleString('en-US')} images/s`;
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
  }
}
