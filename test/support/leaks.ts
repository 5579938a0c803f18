import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import type { Kernels } from '../../src/engine/kernels.ts';
import { adamW } from '../../src/engine/optimizer.ts';
import { createState, disposeState, setStage, trainStep } from '../../src/engine/step.ts';
import { parametersIn, tinyNetwork, tinyWeights } from './tinyNetwork.ts';

/** Declares the test that training keeps no tensor alive on the current engine. */
export function leaksNothing(engine: string, kernels: Kernels): void {
  test(`200 steps on ${engine} leave no tensor behind, and nothing is left after the end`, () => {
    const input = { mean: [0, 0, 0], std: [1, 1, 1] } as const, labels = Int32Array.of(0, 1, 2, 0);
    const features = { x: new Float32Array(4 * 3 * 3 * 4).fill(0.5), labels, weights: new Float32Array(4).fill(1) };
    const before = tf.memory().numTensors;
    const state = createState({ network: tinyNetwork, from: 'stem.act', input, weights: tinyWeights(), kernels, optimizer: adamW() });
    const groups = [{ names: parametersIn('blocks.0', 'blocks.1', 'head'), rateFactor: 1, weightDecay: 0.01 }];
    setStage(state, { bnStatistics: 'batch', clipNorm: 1, groups });
    trainStep(state, features, 0.01);
    const held = tf.memory().numTensors;
    for (let step = 1; step < 200; step++) trainStep(state, features, 0.01);
    assert.equal(tf.memory().numTensors, held);
    disposeState(state);
    assert.equal(tf.memory().numTensors, before);
  });
}
