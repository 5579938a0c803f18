import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { crossEntropyOfItems, softmaxCrossEntropy } from '../../../src/engine/losses.ts';
import { assertGolden, bundledCase, type GoldenTensor } from '../../support/goldens.ts';
import '../../support/cpuEngine.ts';

const golden = bundledCase('loss.cross_entropy');
const tensorOf = ({ data, shape }: GoldenTensor): tf.Tensor => tf.tensor(data, [...shape], data instanceof Int32Array ? 'int32' : 'float32');
const logits = tensorOf(golden.tensor('in/logits')) as tf.Tensor2D;
const labels = golden.tensor('in/y').data as Int32Array;

function check(key: string, rowLabels: ArrayLike<number>, weights: ArrayLike<number>): void {
  const y = tf.tensor1d(Int32Array.from(rowLabels), 'int32'), w = tf.tensor1d(Float32Array.from(weights));
  const { value, grad } = tf.valueAndGrad((x: tf.Tensor) => softmaxCrossEntropy(x as tf.Tensor2D, y, w))(logits);
  assertGolden(golden, key, value.dataSync());
  assertGolden(golden, `${key}/grad/logits`, grad.dataSync());
}

test('softmax cross-entropy and its gradient are torch\'s mean over the batch', () => {
  check('mean', labels, [1, 1, 1, 1, 1, 1]);
});

test('with weights the loss is torch\'s weighted mean', () => {
  const classWeights = golden.tensor('in/weight').data;
  check('weighted', labels, Array.from(labels, (label) => classWeights[label]!));
});

test('rows of weight 0 are what torch calls ignored', () => {
  const ignoring = golden.tensor('in/y_ignore').data;
  const weights = Array.from(ignoring, (label) => (label < 0 ? 0 : 1));
  assert.ok(weights.includes(0));
  check('ignore_index', Array.from(ignoring, (label) => Math.max(0, label)), weights);
});

test('the loss of each item is torch\'s unreduced loss', () => {
  assertGolden(golden, 'none', crossEntropyOfItems(logits, tf.tensor1d(labels, 'int32')).dataSync());
});

test('logits of 10 000 neither overflow nor lose the loss', () => {
  const losses = crossEntropyOfItems(tf.tensor2d([[10000, 0], [0, 10000]]), tf.tensor1d([0, 0], 'int32')).dataSync();
  assert.deepEqual([...losses], [0, 10000]);
});
