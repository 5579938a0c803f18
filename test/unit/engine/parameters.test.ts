import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deviceParameters, readParameters, writeParameters } from '../../../src/engine/parameters.ts';
import { TensorStore } from '../../../src/engine/tensorStore.ts';
import { tinyNetwork, tinyWeights } from '../../support/tinyNetwork.ts';
import '../../support/cpuEngine.ts';

test('weights come back from the device as they went there', async () => {
  const store = new TensorStore(), wanted = deviceParameters(tinyNetwork), weights = tinyWeights();
  writeParameters(store, wanted, weights);
  assert.deepEqual(await readParameters(store, wanted), weights);
  assert.deepEqual(store.get('stem.conv.weight').shape, [3, 3, 3, 4]);
  assert.deepEqual(store.get('blocks.0.conv_dw.weight').shape, [3, 3, 4, 1]);
  assert.deepEqual(store.get('head.weight').shape, [5, 3]);
  store.dispose();
});

test('weights that were not fitted to the network are a bug, with the tensor\'s name', () => {
  const wanted = deviceParameters(tinyNetwork);
  const without = new Map(tinyWeights());
  without.delete('head.bias');
  assert.throws(() => { writeParameters(new TensorStore(), wanted, without); }, /no weights for "head.bias"/);
  const turned = new Map([...tinyWeights(), ['head.weight', { shape: [5, 3], data: new Float32Array(15) }]]);
  assert.throws(() => { writeParameters(new TensorStore(), wanted, turned); }, /"head.weight" should be \[3, 5\], not \[5, 3\]/);
});
