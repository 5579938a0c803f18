import { type ClassificationSettings, classification, multiLabel, type Objective, regression, type RegressionSettings } from '../../../engine/objective.ts';
import type { Score } from '../../../protocol/verdict.ts';
import type { Dataset, Targets } from '../photos/dataset.ts';
import { labelMetrics } from '../../../evidence/multiLabel.ts';
import { numberMetrics, rSquared, rSquaredShare } from '../../../evidence/regression.ts';
import { type AnyPrediction, predictionOf } from '../../../runs/predictions.ts';
import type { TraceLine } from '../../../runs/trace.ts';
import { predictedOf, probabilitiesOf } from './trace.ts';
import { shareOf } from '../../../evidence/intervals.ts';

/**
 * What a task makes of the network's outputs: all that training, controls and reports need to know of it. Outputs are
 * float32 [rows, outputs], row by row: logits of classes, logits of yes or no for each label, or a standardised number.
 */
export interface Task {
  /** What a stage makes small. Only classes can be smoothed, weighed and focused, and only numbers have a Huber loss (senseCheck.ts). */
  objectiveOf(settings: Omit<ClassificationSettings, 'classes'> & RegressionSettings): Objective;
  /** Of the head. */
  readonly outputs: number;
  /** What they should have been for one sample, for objectives that need it. */
  targetsOf(samples: readonly number[]): Float32Array | undefined;
  /** For each row, what can be right or wrong in it: a class, or the number of a set of labels; none of them where numbers are learnt. */
  answersOf(outputs: Float32Array): Int32Array;
  /** How good the outputs are for these samples: the share that is right, or R². */
  valueOf(samples: readonly number[], outputs: Float32Array): number;
  /** The same with its interval, and with what else says how good they are. */
  scoreOf(samples: readonly number[], outputs: Float32Array): Score;
  predictionsOf(samples: readonly number[], outputs: Float32Array): AnyPrediction[];
  /** What the trace keeps of one evaluation. */
  tracedOf(samples: readonly number[], outputs: Float32Array): Pick<TraceLine, 'right' | 'said'>;
}

export function taskOf(dataset: Dataset): Task {
  switch (dataset.targets?.task) {
    case undefined: return ofClasses(dataset);
    case 'image-multi-label': return ofLabels(dataset, dataset.targets);
    case 'image-regression': return ofNumbers(dataset, dataset.targets);
  }
}

function ofClasses({ classes: { length: classes }, labels, samples }: Dataset): Task {
  const answersOf = (outputs: Float32Array): Int32Array => predictedOf(outputs, classes);
  const rightIn = (rows: readonly number[], outputs: Float32Array): number => matches(answersOf(outputs), labels, rows);
  return {
    objectiveOf: (settings) => classification({ classes, ...settings }), outputs: classes, answersOf,
    targetsOf: () => undefined,
    valueOf: (rows, outputs) => rightIn(rows, outputs) / rows.length,
    scoreOf: (rows, outputs) => ({ accuracy: shareOf(rightIn(rows, outputs), rows.length) }),
    predictionsOf: (rows, outputs) => rows.map((row, i) => predictionOf(samples[row]!.id, labels[row]!, probabilitiesOf(outputs, i, classes))),
    tracedOf: (rows, outputs) => ({ right: digits(answersOf(outputs), labels, rows) }),
  };
}

/** An image is right when all its labels are. */
function ofLabels({ classes: { length: outputs }, labels, samples }: Dataset, { values }: Targets): Task {
  const setOf = (yes: (label: number) => boolean): string => Array.from({ length: outputs }, (_, label) => yes(label) ? '1' : '0').join('');
  const numberOf = new Map(samples.map((_, row) => [setOf((label) => values[row * outputs + label]! > 0), labels[row]!]));
  const answersOf = (logits: Float32Array): Int32Array =>
    Int32Array.from({ length: logits.length / outputs }, (_, row) => numberOf.get(setOf((label) => logits[row * outputs + label]! >= 0)) ?? -1); // a set that no image has is wrong
  const rightIn = (rows: readonly number[], logits: Float32Array): number => matches(answersOf(logits), labels, rows);
  const targetsOf = (rows: readonly number[]): Float32Array => rowsOf(values, outputs, rows);
  return {
    objectiveOf: multiLabel, outputs, answersOf, targetsOf,
    valueOf: (rows, logits) => rightIn(rows, logits) / rows.length,
    scoreOf: (rows, logits) => ({ accuracy: shareOf(rightIn(rows, logits), rows.length), metrics: { ...labelMetrics(logits.map(sigmoid), targetsOf(rows), outputs) } }),
    predictionsOf: (rows, logits) => rows.map((row, i) => {
      const probabilities = Array.from(logits.subarray(i * outputs, (i + 1) * outputs), sigmoid);
      return { path: samples[row]!.id, labels: indicesWhere(values.subarray(row * outputs, (row + 1) * outputs), (value) => value > 0), predicted: indicesWhere(probabilities, (probability) => probability >= 0.5), probabilities };
    }),
    tracedOf: (rows, logits) => ({ right: digits(answersOf(logits), labels, rows) }),
  };
}

/** Trained on standardised numbers; whatever leaves here is in the target's own unit. */
function ofNumbers({ samples }: Dataset, { values, mean = 0, std = 1 }: Targets): Task {
  const trueOf = (rows: readonly number[]): number[] => rows.map((row) => samples[row]!.target!);
  const numbersOf = (outputs: Float32Array): number[] => Array.from(outputs, (output) => output * std + mean);
  return {
    objectiveOf: regression, outputs: 1,
    targetsOf: (rows) => rowsOf(values, 1, rows),
    answersOf: (outputs) => new Int32Array(outputs.length).fill(-1),
    valueOf: (rows, outputs) => rSquared(trueOf(rows), numbersOf(outputs)),
    scoreOf: (rows, outputs) => ({ accuracy: rSquaredShare(trueOf(rows), numbersOf(outputs)), metrics: { ...numberMetrics(trueOf(rows), numbersOf(outputs)) } }),
    predictionsOf: (rows, outputs) => numbersOf(outputs).map((predicted, i) => ({ path: samples[rows[i]!]!.id, target: samples[rows[i]!]!.target!, predicted })),
    tracedOf: (_, outputs) => ({ said: numbersOf(outputs).map((number) => Number(number.toPrecision(6))) }),
  };
}

export const sigmoid = (logit: number): number => 1 / (1 + Math.exp(-logit));

const matches = (answers: Int32Array, labels: Int32Array, rows: readonly number[]): number => rows.filter((row, i) => answers[i] === labels[row]).length;

const digits = (answers: Int32Array, labels: Int32Array, rows: readonly number[]): string => rows.map((row, i) => Number(answers[i] === labels[row])).join('');

const rowsOf = (values: Float32Array, width: number, rows: readonly number[]): Float32Array =>
  Float32Array.from({ length: rows.length * width }, (_, i) => values[rows[Math.floor(i / width)]! * width + i % width]!);

const indicesWhere = (values: ArrayLike<number>, holds: (value: number) => boolean): number[] => Array.from(values, (value, i) => holds(value) ? i : -1).filter((i) => i >= 0);
