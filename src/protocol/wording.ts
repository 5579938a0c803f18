import type { Activity } from './runEvent.ts';
import type { Progress } from './reduceRun.ts';

/** Words shared by page, trees and terminal, so that one thing has one name everywhere. */
const activities: Readonly<Record<Activity, string>> = {
  'scanning': 'Looking through the folder',
  'reading': 'Reading images',
  'features': 'Running images through the frozen layers',
  'random-features': 'Running images through a random backbone',
  'training': 'Training',
  'evaluating': 'Evaluating',
};

/** "Reading images: 120 of 360". */
export function activityText({ activity, done, total }: Progress): string {
  const much = total !== undefined ? `: ${done} of ${total}` : done > 0 ? `: ${done}` : '';
  return `${activities[activity]}${much}`;
}

/** How a control is called wherever one is shown. */
export function controlTitle(control: string): string {
  switch (control) {
    case 'blind': return 'blind guess';
    case 'knn': return 'nearest neighbours';
    case 'random-features': return 'random backbone';
    case 'scratch': return 'from scratch';
    default: return control;
  }
}
