import { signed } from '../base/units.ts';
import type { DataFacts } from './runEvent.ts';
import type { Spread, SweepGap, SweepRow } from './sweep.ts';
import { scoreText } from './wording.ts';

/** "high", "3 seeds": what a row is called. */
export const rowName = ({ name, runs }: Pick<SweepRow, 'name' | 'runs'>): string =>
  [name, runs.length > 1 ? `${runs.length} seeds` : ''].filter((part) => part !== '').join(' · ');

/** "0.6123", "0.6123 ± 0.0210". */
export const lossSpread = ({ mean, deviation }: Spread): string => `${mean.toFixed(4)}${deviation === undefined ? '' : ` ± ${deviation.toFixed(4)}`}`;

/** "78.2 %", "78.2 % ± 2.0"; "R² 0.72 ± 0.03". */
export function scoreSpread({ mean, deviation }: Spread, task: DataFacts['task']): string {
  return `${scoreText(mean, task)}${deviation === undefined ? '' : ` ± ${scoreText(deviation, task).replace(/^R² | %$/, '')}`}`;
}

/** "−4.2 points (−9.1 to +0.7), not shown". */
export const gapText = ({ gapPt, lowPt, highPt, isShown }: SweepGap): string =>
  `${signed(gapPt)} points (${signed(lowPt)} to ${signed(highPt)}), ${isShown ? 'shown' : 'not shown'}`;

export const gapNote = 'Against the best on validation (✓), on the same test images: difference with its 95 % interval. Shown: as large and as clear as a verdict asks for, p adjusted for the number of variants. ± is the standard deviation over seeds.';
