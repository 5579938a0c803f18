import type { Checked } from '../protocol/diagnostic.ts';
import type { DataFacts } from '../protocol/runEvent.ts';
import { readLabelsPredictions, readPredictions } from './predictions.ts';
import type { RunFolder } from './runFolder.ts';

/** One item, right or wrong, by the classes or labels that it has and those that were said. */
export interface ItemOutcome {
  readonly path: string;
  readonly isRight: boolean;
  readonly truth: readonly number[];
  readonly said: readonly number[];
}

/** eval/<name>.jsonl as what verdicts count: an item with several labels is right when all of them are. Of numbers nothing is right or wrong: none. */
export function readOutcomes(run: RunFolder, name: string, task: DataFacts['task']): Checked<readonly ItemOutcome[]> {
  if (task === 'image-regression') return { ok: true, value: [], warnings: [] };
  if (task === undefined) return each(readPredictions(run, name), ({ path, label, predicted }) => ({ path, truth: [label], said: [predicted] }));
  return each(readLabelsPredictions(run, name), ({ path, labels, predicted }) => ({ path, truth: labels, said: predicted }));
}

function each<T>(read: Checked<readonly T[]>, of: (prediction: T) => Omit<ItemOutcome, 'isRight'>): Checked<readonly ItemOutcome[]> {
  return read.ok ? { ...read, value: read.value.map(of).map((item) => ({ ...item, isRight: item.truth.join() === item.said.join() })) } : read;
}
