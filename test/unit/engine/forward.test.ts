import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import type { Network, Node } from '../../../src/backbones/op.ts';
import { rng } from '../../../src/base/rng.ts';
import { forward } from '../../../src/engine/forward.ts';
import { portable } from '../../../src/engine/kernels.ts';
import { deviceParameters, writeParameters } from '../../../src/engine/parameters.ts';
import { TensorStore } from '../../../src/engine/tensorStore.ts';
import { tinyNetwork, tinyWeights } from '../../support/tinyNetwork.ts';
import '../../support/cpuEngine.ts';

/** Runs the nodes on one sample [height, width, channels]; `weights` as stored. */
function run(input: readonly number[], nodes: readonly Node[], x: ArrayLike<number>, weights: Record<string, { shape: number[]; data: ArrayLike<number> }> = {}): { shape: number[]; data: number[] } {
  const network: Network = { name: 'case', input, nodes }, parameters = new TensorStore();
  const stored = new Map(Object.entries(weights).map(([name, { shape, data }]) => [name, { shape, data: Float32Array.from(data) }]));
  writeParameters(parameters, deviceParameters(network), stored);
  const y = tf.tidy(() => forward(network, tf.tensor(Float32Array.from(x), [1, ...input]), { kernels: portable, parameters, batchStatistics: new Set() }));
  const found = { shape: y.shape.slice(1), data: [...y.dataSync()] };
  y.dispose();
  parameters.dispose();
  return found;
}

const ramp = (length: number): number[] => Array.from({ length }, (_, i) => i);

test('a convolution with as many groups as channels is a depthwise convolution', () => {
  const { normal } = rng(2, 'groups');
  const x = Array.from({ length: 5 * 5 * 3 }, normal), weight = { shape: [3, 1, 3, 3], data: Array.from({ length: 27 }, normal) };
  const grouped = run([5, 5, 3], [{ name: 'c', op: { op: 'conv', filters: 3, kernel: 3, stride: 2, padding: 1, groups: 3, bias: false }, inputs: ['input'] }], x, { 'c.weight': weight });
  const depthwise = run([5, 5, 3], [{ name: 'c', op: { op: 'depthwiseConv', kernel: 3, stride: 2, padding: 1, bias: false }, inputs: ['input'] }], x, { 'c.weight': weight });
  assert.deepEqual(grouped.shape, [3, 3, 3]);
  grouped.data.forEach((value, i) => { assert.ok(Math.abs(value - depthwise.data[i]!) < 1e-6); });
});

test('a weight [out, in, height, width] meets the input channel, row and column that it was stored for', () => {
  // Each weight a power of 8, each input an octal digit: every term of the sum shows in the result.
  const weight = { shape: [1, 2, 2, 2], data: ramp(8).map((power) => 8 ** power) }; // [in][row][column]
  const x = [1, 5, 2, 6, 3, 7, 4, 0]; // [row][column][in]
  const { data } = run([2, 2, 2], [{ name: 'c', op: { op: 'conv', filters: 1, kernel: 2, stride: 1, padding: 0, groups: 1, bias: true }, inputs: ['input'] }], x,
    { 'c.weight': weight, 'c.bias': { shape: [1], data: [0] } });
  assert.deepEqual(data, [0o07654321]);
});

test('`same` puts the odd row and column at the bottom right, a number all around', () => {
  const ones = { shape: [1, 1, 3, 3], data: new Array<number>(9).fill(1) };
  const pooled = (padding: 'same' | number): number[] => run([4, 4, 1],
    [{ name: 'c', op: { op: 'conv', filters: 1, kernel: 3, stride: 2, padding, groups: 1, bias: false }, inputs: ['input'] }], ramp(16), { 'c.weight': ones }).data;
  assert.deepEqual(pooled('same'), [45, 39, 66, 50]);
  assert.deepEqual(pooled(1), [10, 24, 51, 90]);
});

test('padding never wins a maximum, not even over negative values', () => {
  const negative = ramp(16).map((value) => value - 20);
  const { shape, data } = run([4, 4, 1], [{ name: 'p', op: { op: 'maxPool', kernel: 3, stride: 2, padding: 1 }, inputs: ['input'] }], negative);
  assert.deepEqual(shape, [2, 2, 1]);
  assert.deepEqual(data, [-15, -13, -7, -5]);
});

test('a residual reads the value of an earlier node, and values no longer needed are freed', () => {
  const parameters = new TensorStore();
  writeParameters(parameters, deviceParameters(tinyNetwork), tinyWeights());
  const x = tf.ones([2, 6, 6, 3]);
  const before = tf.memory().numTensors;
  const y = forward(tinyNetwork, x, { kernels: portable, parameters, batchStatistics: new Set() });
  assert.deepEqual(y.shape, [2, 3]);
  assert.equal(tf.memory().numTensors, before + 1);
  assert.equal(x.isDisposed, false);
});
