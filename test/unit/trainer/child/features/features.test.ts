/** What is cached is found again exactly as long as nothing that it depends on has changed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BoundaryFeatures, type FeatureOptions } from '../../../../../src/trainer/child/features/features.ts';
import { randomWeights } from '../../../../../src/backbones/initialise.ts';
import type { View } from '../../../../../src/data/sample.ts';
import type { Weights } from '../../../../../src/backbones/tensorData.ts';
import { MemoryStore } from '../../../../support/memoryStore.ts';
import { tinyDataset, tinyInput, tinyPixels } from '../../../../support/tinyData.ts';
import { tinyLite } from '../../../../support/tinyLite.ts';

const network = tinyLite(), weights = randomWeights(network, 5), { samples } = tinyDataset(6);
const boundary = 'blocks.1.1.add', bothViews: readonly View[] = ['centre', 'flip'];

const open = (store: MemoryStore, changes: Partial<FeatureOptions> = {}): Promise<BoundaryFeatures> => BoundaryFeatures.open({
  network, weights, boundary, input: tinyInput, store, threads: 1, views: ['centre'],
  worker: new URL('../../../../../src/engine/prefixWorker.js', import.meta.url),
  engine: () => assert.fail('ONNX Runtime is there'), report: ({ message }) => assert.fail(message), ...changes,
});

/** A store with the features of all samples, centre view. */
async function filled(): Promise<MemoryStore> {
  const store = new MemoryStore(), features = await open(store);
  for (const [sample, { facts: { sha256 } }] of samples.entries()) await features.take(sha256, new Map([['centre', tinyPixels(sample, 'centre')]]));
  await features.finish();
  features.dispose();
  return store;
}
const store = await filled();

/** How many samples such features would have to be computed of. */
async function wanted(changes: Partial<FeatureOptions>, of = samples): Promise<number> {
  const features = await open(store, changes);
  return of.filter(({ facts }) => features.wants(facts.sha256)).length;
}

/** The weights with one value of one tensor moved by a little. */
const nudged = (name: string): Weights => new Map([...weights].map(([each, tensor]) =>
  [each, each === name ? { ...tensor, data: tensor.data.map((value, i) => i === 0 ? value + 1e-3 : value) } : tensor]));

test('nothing has changed: nothing is computed, by another run, another stage, with another head', async () => {
  assert.equal(await wanted({}), 0);
  assert.equal(await wanted({ network: tinyLite(7), weights: randomWeights(tinyLite(7), 5) }), 0);
});

test('a weight before the cut, of any kind, invalidates all; one behind it nothing', async () => {
  for (const name of ['conv_stem.weight', 'bn1.running_mean', 'blocks.1.1.bn3.bias']) assert.equal(await wanted({ weights: nudged(name) }), 6, name);
  for (const name of ['blocks.2.0.conv_pw.weight', 'bn2.running_var', 'head.bias']) assert.equal(await wanted({ weights: nudged(name) }), 0, name);
});

test('other preprocessing invalidates all, as do another cut and another precision', async () => {
  assert.equal(await wanted({ input: { ...tinyInput, mean: [0.5, 0.5, 0.4] } }), 6);
  assert.equal(await wanted({ input: { ...tinyInput, cropShare: 0.9 } }), 6);
  assert.equal(await wanted({ input: { ...tinyInput, interpolation: 'bilinear' } }), 6);
  assert.equal(await wanted({ boundary: 'blocks.1.0.bn3' }), 6);
  assert.equal(await wanted({ precision: 'float32' }), 6);
});

test('a file with other content is computed, the others are not; under another name it is the same file', async () => {
  const changed = samples.map((sample, i) => i === 2 ? { ...sample, facts: { ...sample.facts, sha256: 'f'.repeat(64) } } : { ...sample, id: `renamed-${sample.id}` as typeof sample.id });
  assert.equal(await wanted({}, changed), 1);
});

test('another view is computed beside the one that is there', async () => {
  const copy = new MemoryStore();
  for (const [name, bytes] of store.entries) copy.entries.set(name, bytes.slice());
  const features = await open(copy, { views: bothViews });
  for (const [sample, { facts: { sha256 } }] of samples.entries()) {
    assert.equal(features.wants(sha256), true);
    await features.take(sha256, new Map(bothViews.map((view) => [view, tinyPixels(sample, view)])));
  }
  await features.finish();
  features.dispose();
  assert.equal(features.computed, 6, 'one view of each');
  assert.equal(samples.some(({ facts }) => features.wants(facts.sha256)), false);
});

test('any cut of the network can be cached, whatever its shape', async () => {
  for (const { name } of network.nodes.filter(({ name }) => /^(bn1\.act|blocks\.\d\.\d\.(bn2|bn3|add)|bn2\.act|global_pool)$/.test(name))) {
    const fresh = new MemoryStore(), features = await open(fresh, { boundary: name });
    await features.take(samples[0]!.facts.sha256, new Map([['centre', tinyPixels(0, 'centre')]]));
    await features.finish();
    features.dispose();
    assert.equal(features.wants(samples[0]!.facts.sha256), false, name);
  }
});
