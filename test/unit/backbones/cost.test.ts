import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cardOf } from '../../../src/backbones/cards.ts';
import { cutCost, predictTime } from '../../../src/backbones/cost.ts';
import { flopsOf } from '../../../src/backbones/flops.ts';
import { matchPatterns } from '../../../src/backbones/freezePlan.ts';

const network = cardOf('efficientnet_lite0')!.network(1000);
const costOf = (...patterns: string[]): ReturnType<typeof cutCost> => cutCost(network, matchPatterns(network, patterns).trained);
const total = [...flopsOf(network).values()].reduce((sum, flops) => sum + flops, 0);

test('convolutions and head do the multiply-adds that PyTorch counts', () => {
  // 385,187,552: sum over Conv2d and Linear of output × kernel × input channels / groups in timm's tf_efficientnet_lite0
  const flops = flopsOf(network);
  const weighted = network.nodes.filter(({ op }) => ['conv', 'depthwiseConv', 'linear'].includes(op.op));
  assert.equal(weighted.reduce((sum, { name }) => sum + flops.get(name)!, 0), 2 * 385_187_552);
});

test('a head alone costs next to nothing per epoch, and its features 5 KiB', () => {
  const cost = costOf('head');
  assert.equal(cost.boundary, 'global_pool');
  assert.equal(cost.featureBytes, 4 * 1280);
  assert.equal(cost.trainedParameters, 1_281_000);
  assert.equal(cost.suffixFlops, 2 * 1280 * 1000);
  assert.equal(cost.stepFlops, 2 * cost.suffixFlops); // forward and the weights' gradient; no gradient of the cached features
  assert.equal(cost.prefixFlops + cost.suffixFlops, total);
});

test('training everything costs nearly three forward passes, and pixels are cached', () => {
  const cost = costOf('all');
  assert.equal(cost.prefixFlops, 0);
  assert.equal(cost.featureBytes, 224 * 224 * 3);
  assert.ok(cost.stepFlops > 2.8 * total && cost.stepFlops < 3 * total);
});

test('a later cut never costs more per epoch', () => {
  const cuts = [['all'], ['head', 'blocks.*', 'conv_head'], ['head', 'blocks.5', 'blocks.6'], ['head', 'blocks.6'], ['head', 'conv_head'], ['head']];
  const costs = cuts.map((patterns) => costOf(...patterns));
  for (let i = 1; i < costs.length; i++) {
    assert.ok(costs[i]!.stepFlops < costs[i - 1]!.stepFlops);
    assert.ok(costs[i]!.activationBytes < costs[i - 1]!.activationBytes);
    assert.ok(costs[i]!.prefixFlops > costs[i - 1]!.prefixFlops);
  }
});

test('time adds up from work and rates', () => {
  const cost = { ...costOf('head'), prefixFlops: 1e9, stepFlops: 2e6, suffixFlops: 1e6 };
  const rates = { prefixFlopsPerSecond: 1e11, stepFlopsPerSecond: 1e9, decodedImagesPerSecond: 200, stepOverheadMs: 2 };
  const work = { trainSamples: 100, validationSamples: 50, testSamples: 50, views: 2, batch: 32, epochs: 10 };
  // 200 images / 200 per s + 300 rows × 10 ms; 4 steps × 2 ms + 100 × 2 ms + 50 × 1 ms
  assert.deepEqual(predictTime(cost, work, rates), { featuresMs: 4000, epochMs: 258, totalMs: 6580 });
});
