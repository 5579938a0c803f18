import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cardOf } from '../../../src/backbones/cards.ts';
import { fitWeights } from '../../../src/backbones/fitWeights.ts';
import { randomWeights, withNewHead } from '../../../src/backbones/initialise.ts';
import { tinyLite } from '../../support/tinyLite.ts';

const network = cardOf('efficientnet_lite0')!.network(6);
const weights = randomWeights(network, 1);
const variance = (name: string): number => {
  const { data } = weights.get(name)!, mean = data.reduce((sum, value) => sum + value, 0) / data.length;
  return data.reduce((sum, value) => sum + (value - mean) ** 2, 0) / data.length;
};

test('random weights fit the network', () => assert.ok(fitWeights(network, weights, 'random').ok));

test('convolutions are normal with variance 2 / fan-out', () => {
  // 5 standard errors of a variance estimate: 5 √(2 / n)
  for (const [name, fanOut] of [['conv_head.weight', 1280], ['blocks.5.0.conv_pw.weight', 672], ['blocks.5.1.conv_dw.weight', 25], ['conv_stem.weight', 9 * 32]] as const) {
    const expected = 2 / fanOut, slack = 5 * Math.sqrt(2 / weights.get(name)!.data.length);
    assert.ok(Math.abs(variance(name) / expected - 1) < slack, `${name}: ${variance(name)}, not ${expected}`);
  }
});

test('batch norms start as the identity', () => {
  const parts = { weight: 1, bias: 0, running_mean: 0, running_var: 1 };
  for (const [part, value] of Object.entries(parts)) assert.ok(weights.get(`blocks.3.1.bn2.${part}`)!.data.every((v) => v === value));
});

test('the head is uniform within one over the root of its inputs', () => {
  const bound = 1 / Math.sqrt(1280), { data } = weights.get('head.weight')!;
  assert.ok(data.every((value) => Math.abs(value) <= bound));
  assert.ok(Math.abs(variance('head.weight') / (bound ** 2 / 3) - 1) < 0.1);
});

test('a seed gives the same weights again, another seed others', () => {
  const tiny = tinyLite();
  assert.deepEqual(randomWeights(tiny, 1), randomWeights(tiny, 1));
  for (const [name, { data }] of randomWeights(tiny, 1)) {
    if (/conv|head/.test(name)) assert.notDeepEqual(data, randomWeights(tiny, 2).get(name)!.data, name);
  }
});

test('a run and its random control start from the same head', () => {
  const pretrained = randomWeights(cardOf('efficientnet_lite0')!.network(1000), 99);
  const start = withNewHead(network, pretrained, 1);
  assert.ok(fitWeights(network, start, 'start').ok);
  assert.deepEqual(start.get('head.weight'), weights.get('head.weight'));
  assert.equal(start.get('conv_stem.weight'), pretrained.get('conv_stem.weight'));
});
