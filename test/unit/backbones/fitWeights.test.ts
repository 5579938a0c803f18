import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fitAllWeights, fitWeights } from '../../../src/backbones/fitWeights.ts';
import { randomWeights } from '../../../src/backbones/initialise.ts';
import type { TensorData } from '../../../src/backbones/tensorData.ts';
import { tinyLite } from '../../support/tinyLite.ts';

const network = tinyLite();

test('what a network does not want is left out', () => {
  const weights = new Map([...randomWeights(network, 1), ['bn1.num_batches_tracked', { shape: [], data: Float32Array.of(3) }]]);
  const fitted = fitWeights(network, weights, 'a.safetensors');
  assert.ok(fitted.ok);
  assert.deepEqual(fitted.value, randomWeights(network, 1));
});

test('everything that is wrong with the weights is said at once', () => {
  const weights = new Map<string, TensorData>(randomWeights(network, 1));
  weights.set('bn1.wieght', weights.get('bn1.weight')!);
  weights.delete('bn1.weight');
  weights.set('head.weight', { shape: [3, 4], data: new Float32Array(12) });
  weights.get('head.bias')!.data[1] = NaN;
  const fitted = fitWeights(network, weights, 'a.safetensors');
  assert.ok(!fitted.ok);
  assert.deepEqual(fitted.errors.map(({ code, where }) => [code, where?.file]), Array(3).fill(['bad-weights', 'a.safetensors']));
  assert.match(fitted.errors[0]!.message, /"bn1\.weight" is missing \(there is a "bn1\.wieght"\)/);
  assert.match(fitted.errors[1]!.message, /"head\.weight" has shape \[3, 4\], not \[3, 12\]/);
  assert.match(fitted.errors[2]!.message, /"head\.bias" holds values that are not finite/);
});

test('of many faults the first few are named and the rest counted', () => {
  const weights = new Map([...randomWeights(network, 1)].slice(0, 3)), fitted = fitWeights(network, weights, 'a.safetensors');
  assert.ok(!fitted.ok);
  assert.equal(fitted.errors.length, 5);
  assert.match(fitted.errors[4]!.message, /: \d+ more of its tensors are missing or wrong$/);
});

test('a tensor that has no place in the network is a fault of a file from elsewhere, but for step counters', () => {
  const weights = new Map<string, TensorData>(randomWeights(network, 1));
  weights.set('bn1.num_batches_tracked', { shape: [], data: Float32Array.of(3) });
  assert.ok(fitAllWeights(network, weights, 'a.safetensors').ok);
  weights.set('blocks.0.0.se.weight', { shape: [1], data: Float32Array.of(3) });
  const fitted = fitAllWeights(network, weights, 'a.safetensors');
  assert.ok(!fitted.ok);
  assert.match(fitted.errors.map(({ message }) => message).join(), /1 of its tensors has no place in .*: "blocks\.0\.0\.se\.weight"$/);
});
