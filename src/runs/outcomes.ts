import type { Checked } from '../protocol/diagnostic.ts';
import type { DataFacts } from '../protocol/runEvent.ts';
import { readLabelsPredictions, readNumberPredictions, readPredictions } from './predictions.ts';
import type { RunFolder } from './runFolder.ts';

/** One item: the class, labels or number that it has, and what was said. */
export interface ItemOutcome {
  readonly path: string;
  readonly truth: readonly number[];
  readonly said: readonly number[];
}

/** eval/<name>.jsonl as what verdicts compare. */
export function readOutcomes(run: RunFolder, name: string, task: DataFacts['task']): Checked<readonly ItemOutcome[]> {
  switch (task) {
    case undefined: return each(readPredictions(run, name), ({ path, label, predicted }) => ({ path, truth: [label], said: [predicted] }));
    case 'image-multi-label': return each(readLabelsPredictions(run, name), ({ path, labels, predicted }) => ({ path, truth: labels, said: predicted }));
    case 'image-regression': return each(readNumberPredictions(run, name), ({ path, target, predicted }) => ({ path, truth: [target], said: [predicted] }));
  }
}

const each = <T>(read: Checked<readonly T[]>, of: (prediction: T) => ItemOutcome): Checked<readonly ItemOutcome[]> =>
  read.ok ? { ...read, value: read.value.map(of) } : read;
