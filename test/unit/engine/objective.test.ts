import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { portable } from '../../../src/engine/kernels.ts';
import { multiLabel, regression, type Objective } from '../../../src/engine/objective.ts';
import '../../support/cpuEngine.ts';

const outputs = [[0.5, -1.2], [2, 0.1], [-3, 4]], targets = [[1, 0], [0, 1], [1, 1]], weights = [1, 2, 0];

/** By hand: the mean over a row's outputs. */
const expected: Readonly<Record<'labels' | 'number', (x: number, t: number) => number>> = {
  labels: (x, t) => t === 1 ? Math.log(1 + Math.exp(-x)) : Math.log(1 + Math.exp(x)),
  number: (x, t) => (x - t) ** 2,
};

for (const [objective, { aimsOf, loss, items: itemsOf }] of [['labels', multiLabel()], ['number', regression()]] as const satisfies readonly (readonly [string, Objective])[]) {
  test(`the loss of "${objective}" is its rows' mean by weight, and a row of weight 0 moves nothing`, async () => {
    const rows = { labels: new Int32Array(3), weights: Float32Array.from(weights), targets: Float32Array.from(targets.flat()) }, aims = tf.tensor2d(aimsOf(rows), [3, 3]);
    const items = outputs.map((row, i) => row.reduce((sum, x, k) => sum + expected[objective](x, targets[i]![k]!), 0) / 2);
    const close = (actual: ArrayLike<number>, wanted: readonly number[]): void => wanted.forEach((value, i) => assert.ok(Math.abs(actual[i]! - value) < 1e-5, `${actual[i]} is not ${value}`));
    close(await itemsOf(tf.tensor2d(outputs), rows).data(), items);
    const { value, grad } = tf.valueAndGrad((x) => loss(x as tf.Tensor2D, aims, portable))(tf.tensor2d(outputs));
    close(await value.data(), [(items[0]! + 2 * items[1]!) / 3]);
    const slope = (x: number, t: number): number => (expected[objective](x + 1e-5, t) - expected[objective](x - 1e-5, t)) / 2e-5;
    close(await grad.data(), outputs.flatMap((row, i) => row.map((x, k) => slope(x, targets[i]![k]!) / 2 * weights[i]! / 3)));
  });
}
