import assert from 'node:assert/strict';
import process from 'node:process';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import type { Kernels } from '../../src/engine/kernels.ts';
import { adamW } from '../../src/engine/optimizer.ts';
import { createState, disposeState, setStage, takeLoss, trainStep } from '../../src/engine/step.ts';
import { parametersIn, tinyNetwork, tinyWeights } from './tinyNetwork.ts';

/** Declares the test that training keeps nothing alive on the current engine: no tensor, and no memory outside the JavaScript heap. */
export function leaksNothing(engine: string, kernels: Kernels, steps = 10_000): void {
  const settled = steps / 5;
  test(`${steps} steps on ${engine} leave no tensor${steps >= 10_000 ? ' and no memory' : ''} behind, and nothing is left after the end`, async () => {
    const input = { mean: [0, 0, 0], std: [1, 1, 1] } as const, rows = 16;
    const labels = Int32Array.from({ length: rows }, (_, row) => row % 3);
    const features = { x: new Float32Array(rows * 3 * 3 * 4).fill(0.5), labels, weights: new Float32Array(rows).fill(1) };
    const before = tf.memory().numTensors;
    const state = createState({ network: tinyNetwork, from: 'blocks.0.add', input, weights: tinyWeights(), kernels, optimizer: adamW() });
    const groups = [{ names: parametersIn('blocks.1', 'head'), rateFactor: 1, weightDecay: 0.01 }];
    setStage(state, { bnStatistics: 'batch', clipNorm: 1, groups });
    trainStep(state, features, 0.01);
    await takeLoss(state);
    const held = tf.memory().numTensors;
    let settledBytes = 0;
    for (let step = 1; step < steps; step++) {
      if (step === settled) settledBytes = outsideHeapBytes();
      trainStep(state, features, 0.01);
      if (step % 50 === 0) await takeLoss(state); // as training does: without it, a GPU's queue grows
    }
    await takeLoss(state);
    assert.equal(tf.memory().numTensors, held);
    const grownBytes = outsideHeapBytes() - settledBytes;
    // One activation of 16 × 3 × 3 × 4 floats left behind in each step would be 18 MB.
    // Fewer steps end while buffers are still being pooled: there, tensors alone are counted.
    if (steps >= 10_000) assert.ok(grownBytes < 8e6, `${(grownBytes / 1e6).toFixed(1)} MB more than after ${settled} steps`);
    disposeState(state);
    assert.equal(tf.memory().numTensors, before);
  });
}

function outsideHeapBytes(): number {
  const { rss, heapTotal } = process.memoryUsage();
  return rss - heapTotal;
}
