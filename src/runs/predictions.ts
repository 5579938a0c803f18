import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Checked } from '../protocol/diagnostic.ts';
import type { RunFolder } from './runFolder.ts';
import { atomicWrite } from './atomicWrite.ts';
import { Bug } from '../base/bug.ts';
import { fields, type Guard, list, number, parsed, text, whole } from '../protocol/shape.ts';
import { formatJson } from '../protocol/jsonText.ts';

/** What the network said about one item: one line of eval/<split>.jsonl. Paired tests need items, not means. */
export interface Prediction {
  /** Relative to the dataset folder, with `/`. */
  readonly path: string;
  /** Index of the true class. */
  readonly label: number;
  /** Index of the most probable class. */
  readonly predicted: number;
  /** The most probable classes, at most five, most probable first. */
  readonly top: readonly TopClass[];
}

export interface TopClass {
  readonly label: number;
  readonly probability: number;
}

/** The same where an image has several labels: those it has, those that were said, and of each label how sure it was. */
export interface LabelsPrediction {
  readonly path: string;
  readonly labels: readonly number[];
  readonly predicted: readonly number[];
  readonly probabilities: readonly number[];
}

/** The same where numbers are learnt, in their own unit. */
export interface NumberPrediction {
  readonly path: string;
  readonly target: number;
  readonly predicted: number;
}

export type AnyPrediction = Prediction | LabelsPrediction | NumberPrediction;

/** A prediction from the probabilities of all classes. A tie goes to the lower index. */
export function predictionOf(path: string, label: number, probabilities: ArrayLike<number>): Prediction {
  const top = Array.from(probabilities, (probability, index) => ({ label: index, probability }))
    .sort((a, b) => b.probability - a.probability)
    .slice(0, 5);
  const [first] = top;
  if (!first) throw new Bug('a prediction needs at least one class');
  return { path, label, predicted: first.label, top };
}

/** Writes eval/<split>.jsonl, replacing an earlier evaluation at once. */
export function writePredictions(run: RunFolder, split: string, predictions: Iterable<AnyPrediction>): void {
  mkdirSync(run.evaluations, { recursive: true });
  atomicWrite(predictionsFile(run, split), Array.from(predictions, (each) => `${formatJson(each)}\n`).join(''));
}

/** Reads eval/<split>.jsonl. Missing or damaged: a diagnostic. */
export const readPredictions = (run: RunFolder, split: string): Checked<readonly Prediction[]> => read(run, split, prediction);

export const readLabelsPredictions = (run: RunFolder, split: string): Checked<readonly LabelsPrediction[]> => read(run, split, labelsPrediction);

export const readNumberPredictions = (run: RunFolder, split: string): Checked<readonly NumberPrediction[]> => read(run, split, numberPrediction);

function read<T>(run: RunFolder, split: string, guard: Guard<T>): Checked<readonly T[]> {
  const file = predictionsFile(run, split);
  try {
    const lines = readFileSync(file, 'utf8').split('\n').filter((line) => line !== '');
    const result = parsed(list(guard), lines.map((line): unknown => JSON.parse(line)));
    if (result.ok) return { ok: true, value: result.value, warnings: [] };
    return unreadable(file, result.note);
  } catch (error) {
    return unreadable(file, error instanceof Error ? error.message : String(error));
  }
}

const unreadable = (file: string, why: string): Checked<never> => ({
  ok: false, warnings: [],
  errors: [{ code: 'run-unreadable', severity: 'error', message: `the predictions cannot be read: ${why}`, where: { file } }],
});

/** Row = true class, column = predicted class, counts. */
export function confusionOf(predictions: readonly Prediction[], classes: number): readonly (readonly number[])[] {
  const rows = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (const { label, predicted } of predictions) rows[label]![predicted]!++;
  return rows;
}

/** Wrong predictions, the most confident first. */
export function mistakesOf(predictions: readonly Prediction[], limit: number): readonly Prediction[] {
  return predictions
    .filter(({ label, predicted }) => label !== predicted)
    .sort((a, b) => b.top[0]!.probability - a.top[0]!.probability)
    .slice(0, limit);
}

const prediction = fields<Prediction>({
  path: text, label: whole, predicted: whole,
  top: list(fields<TopClass>({ label: whole, probability: number })),
});

const labelsPrediction = fields<LabelsPrediction>({ path: text, labels: list(whole), predicted: list(whole), probabilities: list(number) });

const numberPrediction = fields<NumberPrediction>({ path: text, target: number, predicted: number });

export const predictionsFile = (run: RunFolder, split: string): string => join(run.evaluations, `${split}.jsonl`);
