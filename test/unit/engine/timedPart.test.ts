import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { cutCost, stepFlops } from '../../../src/backbones/cost.ts';
import { matchPatterns } from '../../../src/backbones/freezePlan.ts';
import type { Network } from '../../../src/backbones/op.ts';
import { parametersOf } from '../../../src/backbones/parameters.ts';
import { portable } from '../../../src/engine/kernels.ts';
import { timedPartOf, usualPart, worthThreads } from '../../../src/engine/timedPart.ts';
import { timedStep } from '../../../src/engine/timedStep.ts';
import { lite0, lite0Card } from '../../support/lite0.ts';
import { parametersIn, tinyNetwork } from '../../support/tinyNetwork.ts';
import '../../support/cpuEngine.ts';

const trainedBy = (network: Network, ...patterns: string[]): ReadonlySet<string> => matchPatterns(network, patterns).trained;

test('a head alone is timed whole, on the plan\'s own batch', () => {
  const part = timedPartOf(lite0, trainedBy(lite0, 'head'), 'stored', 32);
  assert.deepEqual([part.trained, part.samples, part.bnStatistics], [['head.weight', 'head.bias'], 32, 'stored']);
  assert.equal(part.title, 'head of efficientnet_lite0, 32 samples');
});

test('threads are for blocks of a real network; a head and a network of toy size have ops too short to share', () => {
  const part = (network: Network, ...patterns: string[]): boolean => worthThreads(timedPartOf(network, trainedBy(network, ...patterns), 'stored', 32));
  assert.ok(worthThreads(usualPart));
  const network = lite0Card.network(6);
  assert.ok(part(network, 'head', 'conv_head', 'blocks.6'));
  assert.ok(part(network, 'all'));
  assert.ok(!part(network, 'head'));
  assert.ok(!part(tinyNetwork, 'all'));
});

test('thawed blocks are timed whole, on as many samples as take no longer than a fixed work', () => {
  const trained = trainedBy(lite0, 'head', 'conv_head', 'blocks.6', 'blocks.5'), part = timedPartOf(lite0, trained, 'batch', 32);
  assert.deepEqual(new Set(part.trained), trained);
  const work = stepFlops(cutCost(lite0, trained));
  assert.ok(part.samples * work <= 2.5e9 && (part.samples + 1) * work > 2.5e9, `${part.samples} samples`);
  assert.match(part.title, /^blocks\.5 to head of efficientnet_lite0, \d+ samples$/);
});

test('of a network too large for one sample the longest end that fits is timed', () => {
  const large = { ...lite0, input: [448, 448, 3] }, all = trainedBy(large, 'all'), part = timedPartOf(large, all, 'batch', 32);
  assert.ok(part.trained.length > 10 && part.trained.length < all.size);
  assert.equal(part.samples, 1);
  assert.ok(stepFlops(cutCost(large, new Set(part.trained))) <= 2.5e9);
  const inOrder = parametersOf(large).filter(({ buffer }) => !buffer).map(({ name }) => name);
  assert.deepEqual(part.trained, inOrder.slice(-part.trained.length));
  assert.ok(stepFlops(cutCost(large, new Set(inOrder.slice(-part.trained.length - 1)))) > 2.5e9);
});

test('of layers with hundreds of megabytes of weights the end that fits is timed', () => {
  const network: Network = {
    name: 'heavy', input: [20_000],
    nodes: [
      { name: 'fc', op: { op: 'linear', units: 4000, bias: true }, inputs: ['input'] },
      { name: 'head', op: { op: 'linear', units: 6, bias: true }, inputs: ['fc'] },
    ],
  };
  assert.deepEqual(timedPartOf(network, trainedBy(network, 'all'), 'stored', 8).trained, ['head.weight', 'head.bias']); // a bias of `fc` would need its weights, too
});

test('a timed step keeps to its time: where a second does not fit, the first one counts', async () => {
  let steps = 0;
  const counting = { ...portable, crossEntropy: (...args: Parameters<typeof portable.crossEntropy>) => {
    steps++;
    return portable.crossEntropy(...args);
  } };
  const part = timedPartOf(tinyNetwork, trainedBy(tinyNetwork, 'head'), 'stored', 8);
  assert.ok(await timedStep(counting, part, 0) > 0);
  assert.equal(steps, 1);
  await timedStep(counting, part);
  assert.equal(steps, 1 + 6);
});

test('a single layer that is too large by itself is timed all the same', () => {
  const network: Network = {
    name: 'wide', input: [512, 512, 64],
    nodes: [
      { name: 'conv', op: { op: 'conv', filters: 64, kernel: 3, stride: 1, padding: 'same', groups: 1, bias: false }, inputs: ['input'] },
      { name: 'pool', op: { op: 'globalAveragePool' }, inputs: ['conv'] },
    ],
  };
  assert.deepEqual(timedPartOf(network, new Set(['conv.weight']), 'batch', 8), { network, trained: ['conv.weight'], bnStatistics: 'batch', samples: 1, title: 'conv of wide, 1 sample' });
});

test('timing a step leaves nothing on the engine, and takes the time of one step', async () => {
  const before = tf.memory().numTensors, part = timedPartOf(tinyNetwork, new Set(parametersIn('blocks.1', 'head')), 'batch', 4);
  const elapsedMs = await timedStep(portable, part);
  assert.ok(elapsedMs > 0 && elapsedMs < 1000, `${elapsedMs} ms`);
  assert.equal(tf.memory().numTensors, before);
});
