import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cardOf } from '../../../src/backbones/cards.ts';
import { architectureNames, architectureOf } from '../../../src/backbones/architectures.ts';
import { blockCuts, cutCost, openingBytes, predict, stepMs, type CutCost, type Workload } from '../../../src/backbones/cost.ts';
import { flopsOf } from '../../../src/backbones/flops.ts';
import { matchPatterns } from '../../../src/backbones/freezePlan.ts';
import { tinyNetwork } from '../../support/tinyNetwork.ts';
import type { PassRates, Rates } from '../../../src/protocol/answers.ts';

const network = cardOf('efficientnet_lite0')!.network(1000);
const costOf = (...patterns: string[]): CutCost => cutCost(network, matchPatterns(network, patterns).trained);
const total = [...flopsOf(network).values()].reduce((sum, flops) => sum + flops, 0);
const flopsIn = ({ denseFlops, depthwiseFlops }: CutCost['forward']): number => denseFlops + depthwiseFlops;

test('convolutions and head do the multiply-adds that PyTorch counts', () => {
  // 385,187,552: sum over Conv2d and Linear of output × kernel × input channels / groups in timm's tf_efficientnet_lite0
  const flops = flopsOf(network);
  const weighted = network.nodes.filter(({ op }) => ['conv', 'depthwiseConv', 'linear'].includes(op.op));
  assert.equal(weighted.reduce((sum, { name }) => sum + flops.get(name)!, 0), 2 * 385_187_552);
});

test('a head alone costs next to nothing per epoch, and its features 2.5 KiB', () => {
  const cost = costOf('head');
  assert.equal(cost.boundary, 'global_pool');
  assert.equal(cost.featureBytes, 2 * 1280);
  assert.equal(cost.trainedParameters, 1_281_000);
  assert.deepEqual(cost.forward, { denseFlops: 2 * 1280 * 1000, depthwiseFlops: 0, bytes: 4 * 2280, nodes: 13 }); // the head, and what every call does besides
  assert.deepEqual(cost.backward, { ...cost.forward, nodes: 1 }); // the weights' gradient; none of the cached features
});

test('training everything costs nearly three forward passes, and pixels are read', () => {
  const cost = costOf('all');
  assert.deepEqual(cost.prefix, { denseFlops: 0, depthwiseFlops: 0, bytes: 0, nodes: 0 });
  assert.equal(flopsIn(cost.forward), total);
  assert.equal(cost.featureBytes, 224 * 224 * 3);
  assert.ok(flopsIn(cost.backward) > 1.8 * total && flopsIn(cost.backward) < 2 * total);
});

test('what follows a convolution without changing its shape is free on ONNX Runtime, and is not while training', () => {
  const cost = costOf('head'), convolutions = network.nodes.filter(({ op }) => op.op === 'conv' || op.op === 'depthwiseConv');
  const flops = flopsOf(network), sumOf = (names: readonly string[]): number => names.reduce((sum, name) => sum + flops.get(name)!, 0);
  const rest = network.nodes.filter(({ op }) => op.op === 'add' || op.op === 'globalAveragePool');
  assert.equal(flopsIn(cost.prefix), sumOf([...convolutions, ...rest].map(({ name }) => name)));
  assert.ok(cost.prefix.bytes < costOf('all').forward.bytes / 2);
});

test('a later cut never costs more per epoch', () => {
  const costs = blockCuts(network).map(({ trained }) => cutCost(network, trained));
  assert.equal(costs.length, 10);
  for (let i = 1; i < costs.length; i++) {
    for (const key of ['denseFlops', 'bytes', 'nodes'] as const) {
      assert.ok(costs[i]!.forward[key] < costs[i - 1]!.forward[key]);
      assert.ok(costs[i]!.backward[key] < costs[i - 1]!.backward[key]);
      if (key !== 'bytes') assert.ok(costs[i]!.prefix[key] > costs[i - 1]!.prefix[key]); // early features are large, and handing them over counts
    }
    assert.ok(costs[i]!.activationBytes < costs[i - 1]!.activationBytes);
  }
});

test('a cut at a block trains that block and all that follow, whatever the network', () => {
  const cuts = blockCuts(tinyNetwork);
  assert.deepEqual(cuts.map(({ path }) => path), ['stem', 'blocks.0', 'blocks.1', 'head']);
  assert.deepEqual(cuts.map(({ trained }) => cutCost(tinyNetwork, trained).boundary), ['input', 'stem.act', 'blocks.0.add', 'pool']);
});

test('every block of every network that can be built is a cut of its own', () => {
  assert.ok(architectureNames.length > 40);
  for (const name of architectureNames) {
    const any = architectureOf(name)!.network(10), costs = blockCuts(any).map(({ trained }) => cutCost(any, trained));
    assert.deepEqual([costs[0]!.boundary, new Set(costs.map(({ boundary }) => boundary)).size], ['input', costs.length], name);
    for (let i = 1; i < costs.length; i++) assert.ok(costs[i]!.backward.bytes < costs[i - 1]!.backward.bytes && costs[i]!.featureBytes > 0, name);
  }
});

test('attention keeps no scores: memory grows with the tokens, not with their square', () => {
  const vit = architectureOf('vit_tiny_patch16_224')!.network(10), large = architectureOf('vit_tiny_patch16_384')!.network(10);
  const bytesOf = (network: typeof vit): number => cutCost(network, blockCuts(network).at(-3)!.trained).activationBytes;
  assert.ok(Math.abs(bytesOf(large) / bytesOf(vit) - 577 / 197) < 0.01);
});

const pass = (dense: number, node: number): PassRates => ({ msPerDenseGflop: dense, msPerDepthwiseGflop: 0, msPerGigabyte: 0, msPerNode: node });
const rates: Rates = {
  prefix: pass(10, 0), forward: pass(1, 0.5), backward: pass(2, 1), msPerUpdatedTensor: 0.25, msPerMillionUpdated: 3, msPerStep: 0.75, decodedImagesPerSecond: 200, baseBytes: 6e5, prefixBytes: 4e5, keptOutputs: 1,
};
const gflop = (flops: number, nodes: number): CutCost['forward'] => ({ denseFlops: flops * 1e9, depthwiseFlops: 0, bytes: 0, nodes });
const cost: CutCost = {
  boundary: 'pool', prefix: gflop(1, 3), forward: gflop(0.5, 2), backward: gflop(1, 3), featureBytes: 100, activationBytes: 1000, recomputed: { activationBytes: 900, forward: gflop(0.4, 1) },
  trainedParameters: 1_000_000, trainedTensors: 4, parameters: 2_000_000, besideBytes: 0,
};
const work: Workload = { trainSamples: 100, validationSamples: 30, testSamples: 20, views: 2, batch: 32, accumulate: 1 };

test('time adds up from work and prices', () => {
  assert.deepEqual(stepMs(cost, 32, 1, rates), { work: 32 * 2.5, fixed: 2 * 0.5 + 3 + 4 * 0.25 + 3 + 0.75 });
  const { featuresMs, epochMs, cacheBytes } = predict(cost, work, rates, 1e12);
  assert.equal(featuresMs, 150 / 200 * 1000 + 300 * 10);
  assert.equal(epochMs, 100 * 2.5 + 4 * 8.75 + 50 * 0.5 + 2 * 1.75); // 4 steps of the batch, 50 rows judged in 2 calls
  assert.equal(cacheBytes, 300 * 100);
  const uncached = predict({ ...cost, boundary: 'input' }, work, rates, 1e12);
  assert.deepEqual([uncached.cacheBytes, uncached.epochMs], [0, epochMs + 750], 'pixels are decoded in every epoch');
});

test('memory of training adds up: base, three copies of the weights, six of what trains, features, activations of a batch', () => {
  const { peakBytes, rowsAtOnce } = predict(cost, work, rates, 1e12);
  assert.equal(peakBytes, 6e5 + 4 * (3 * 2e6 + 6 * 1e6) + 300 * 100 + 2 * 32 * 1000); // and as much again to work in, up to 200 MB
  assert.equal(rowsAtOnce, 32);
});

test('where little trains, the peak comes before: decoders, and five copies of the weights until their frozen layers have run', () => {
  const little = { ...cost, trainedParameters: 1000, activationBytes: 10 }, opening = 6e5 + 4e5 + 4 * 5 * 2e6;
  assert.equal(openingBytes(cost, rates), opening);
  assert.equal(predict(little, work, rates, 1e12).peakBytes, opening);
  assert.equal(predict(little, { ...work, batch: 8 }, rates, 1e12).peakBytes, opening, 'no batch changes it');
  assert.equal(predict(little, { ...work, cached: true }, rates, 1e12).peakBytes, 6e5 + 4 * (3 * 2e6 + 6 * 1000) + 300 * 100 + 2 * 32 * 10, 'with every feature in the cache nothing is opened');
  assert.ok(predict(cost, work, rates, 1e12).peakBytes > opening, 'what trains more has its peak later');
});

test('a batch that does not fit is split into equal parts, down to single rows, and each costs its calls', () => {
  const fixed = predict(cost, work, rates, 1e12).peakBytes - 64_000;
  const fitting = (rows: number): ReturnType<typeof predict> => predict(cost, work, rates, fixed + rows * 2000);
  assert.deepEqual([40, 32, 31, 12, 11, 3, 1, 0].map((rows) => fitting(rows).rowsAtOnce), [32, 32, 16, 11, 11, 3, 1, 1]);
  assert.equal(fitting(16).peakBytes, fixed + 32_000);
  assert.ok(Math.abs(fitting(16).epochMs - fitting(32).epochMs - (4 * 4 + 2 * 1.75)) < 1e-9, 'four steps of one call more, judging likewise');
});

test('features beyond what is held in memory are streamed, and take two windows of it', () => {
  const large = { ...cost, featureBytes: 5e6 }, less = { ...cost, featureBytes: 0 };
  assert.equal(predict(large, work, rates, 1e12).peakBytes - predict(less, work, rates, 1e12).peakBytes, 2 * 64 * 2 ** 20);
});

test('where a batch does not fit, what is quicker is chosen: parts, or activations computed again; parts that norms would notice come last', () => {
  const again = (activationBytes: number, gflops: number): CutCost => ({ ...cost, recomputed: { activationBytes, forward: gflop(gflops, 1) } });
  const fixed = predict(cost, work, rates, 1e12).peakBytes - 64_000;
  const fitting = (of: CutCost, rows: number, wholeBatch = false): readonly [number, boolean] => {
    const { rowsAtOnce, recomputes } = predict(of, { ...work, wholeBatch }, rates, fixed + rows * 2000);
    return [rowsAtOnce, recomputes];
  };
  assert.deepEqual(fitting(again(250, 0.01), 8), [32, true], 'a hundredth of a GFLOP more per row is cheaper than three calls more');
  assert.deepEqual(fitting(again(250, 0.5), 8), [8, false], 'half a GFLOP is not');
  assert.deepEqual(fitting(again(250, 0.5), 8, true), [32, true]);
  assert.deepEqual(fitting(again(250, 0.5), 32, true), [32, false], 'what fits is kept');
  assert.deepEqual(fitting(again(250, 0.5), 0.5), [2, true], 'not a single row fits otherwise');
  const [kept, recomputed] = [predict(again(250, 0.5), work, rates, 1e12), predict(again(250, 0.5), { ...work, wholeBatch: true }, rates, fixed + 8 * 2000)];
  assert.ok(Math.abs(recomputed.epochMs - kept.epochMs - (100 * 0.5 + 4 * 0.5)) < 1e-9, 'one forward pass more');
});
