import type { Dataset } from '../photos/dataset.ts';
import { blindPredictions } from '../../../evidence/blind.ts';
import { fitKnn } from '../../../evidence/knn.ts';
import { taskOf } from '../stages/task.ts';

/** What controls that train nothing say of the test photos, as outputs of a network that says the same. */

/** Of classes the most frequent, of each label how often training photos have it, of numbers their mean. */
export function blindOutputs(dataset: Dataset): Float32Array {
  const { rows: { train, test }, labels, classes } = dataset, task = taskOf(dataset);
  const targets = task.targetsOf(train);
  if (!targets) return oneHot(blindPredictions(train.map((row) => labels[row]!), classes.length, test.length), classes.length);
  const means = Array.from({ length: task.outputs }, (_, k) => train.reduce((sum, _row, i) => sum + targets[i * task.outputs + k]!, 0) / train.length);
  return asOutputs(dataset, Float32Array.from({ length: test.length * task.outputs }, (_, i) => means[i % task.outputs]!));
}

/** Of classes the vote of the nearest photos, of each label their share that has it, of numbers their mean. Features: float32 [rows, width]. */
export function knnOutputs(dataset: Dataset, train: Float32Array, test: Float32Array, width: number): Float32Array {
  const { rows, labels, classes } = dataset, targets = taskOf(dataset).targetsOf(rows.train);
  const knn = fitKnn(train, rows.train.map((row) => labels[row]!), { width, classes: classes.length });
  return targets ? asOutputs(dataset, knn.means(test, targets)) : oneHot(knn.predict(test), classes.length);
}

/** Shares become logits; numbers are what the network says of them. Half of the photos is a yes, as it is for a network's 0. */
const asOutputs = ({ targets }: Dataset, means: Float32Array): Float32Array =>
  targets?.task === 'image-regression' ? means : means.map((share) => Math.log((share + 1e-6) / (1 - share + 1e-6)));

function oneHot(predicted: Int32Array, classes: number): Float32Array {
  const outputs = new Float32Array(predicted.length * classes);
  predicted.forEach((label, row) => { outputs[row * classes + label] = 1; });
  return outputs;
}
