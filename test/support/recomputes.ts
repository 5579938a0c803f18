import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { randomWeights } from '../../src/backbones/initialise.ts';
import type { Network } from '../../src/backbones/op.ts';
import { parametersOf } from '../../src/backbones/parameters.ts';
import { keptValuesOf, segmented } from '../../src/backbones/segments.ts';
import { sizeOf } from '../../src/backbones/shapes.ts';
import { rng } from '../../src/base/rng.ts';
import type { Kernels } from '../../src/engine/kernels.ts';
import { sgd } from '../../src/engine/optimizer.ts';
import { createState, disposeState, setStage, takeLoss, trainStep, weightsOf, type Batch } from '../../src/engine/step.ts';
import { tinyLite } from './tinyLite.ts';
import { tinyVit } from './tinyVit.ts';

/** Rows of both passes of a step, and how far recomputed weights may be from kept ones, of the way that they went: sums in another order. */
const rows = 4, share = 1e-4;

/**
 * Declares the tests that gradients from activations computed again are those from activations kept, on the current
 * engine: with dropout, stochastic depth and the batch's statistics, whose running values must move once a step, not twice.
 */
export function recomputes(engine: string, kernels: Kernels): void {
  for (const network of [tinyLite(), tinyVit()]) {
    test(`on ${engine} activations of ${network.name} that are computed again train as those that are kept`, async () => {
      assert.ok(segmented(network, keptValuesOf(network)).segments.length > 1, 'there is something to compute again');
      const before = tf.memory().numTensors, start = randomWeights(network, 1);
      const kept = await trained(network, kernels, false), again = await trained(network, kernels, true);
      assert.equal(tf.memory().numTensors, before, 'tensors were left behind');
      assert.ok(Math.abs(again.loss - kept.loss) <= 1e-5 * kept.loss, `loss ${again.loss}, not ${kept.loss}`);
      for (const [name, { data }] of kept.weights) {
        const way = largest(data, start.get(name)!.data), apart = largest(again.weights.get(name)!.data, data);
        assert.ok(way > 0, `${name} moved`);
        // Below: one float32 step of a value of 1 or 2.
        assert.ok(apart <= Math.max(share * way, 2.4e-7), `${name}: ${apart} apart after a way of ${way}`);
      }
    });
  }
}

const largest = (a: Float32Array, b: Float32Array): number => a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);

/** SGD, whose steps are the gradients: AdamW's would magnify the rounding of those next to 0. */
async function trained(network: Network, kernels: Kernels, recomputes: boolean): Promise<{ readonly loss: number; readonly weights: Awaited<ReturnType<typeof weightsOf>> }> {
  const state = createState({ network, from: 'input', input: { mean: [0, 0, 0], std: [1, 1, 1] }, weights: randomWeights(network, 1), kernels, optimizer: sgd({ momentum: 0.9 }) });
  const adds = network.nodes.filter(({ name, op }) => op.op === 'add' && name.startsWith('blocks.')).map(({ name }) => name);
  assert.ok(adds.length > 0);
  setStage(state, {
    groups: [{ names: parametersOf(network).flatMap(({ name, buffer }) => buffer ? [] : [name]), rateFactor: 1, weightDecay: 0.01 }],
    bnStatistics: 'batch', recomputes, noise: { dropout: 0.3, dropPath: new Map(adds.map((name) => [name, 0.3])) },
  });
  for (let step = 0; step < 3; step++) trainStep(state, batchOf(network, step), 0.05);
  const end = { loss: await takeLoss(state), weights: await weightsOf(state) };
  disposeState(state);
  return end;
}

const batchOf = (network: Network, step: number): Batch => ({
  x: Float32Array.from({ length: rows * sizeOf(network.input) }, rng(step, 'x').normal),
  labels: Int32Array.from({ length: rows }, (_, row) => row % 3), weights: new Float32Array(rows).fill(1),
  random: (stream) => rng(step, stream),
});
