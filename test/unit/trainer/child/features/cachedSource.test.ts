/** Features out of the cache: the same from memory and from disk, and few looks at the disk. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cachedSource } from '../../../../../src/trainer/child/features/cachedSource.ts';
import type { FeatureSource, Row } from '../../../../../src/trainer/child/features/featureSource.ts';
import { openFeatureCache } from '../../../../../src/engine/featureCache.ts';
import { recordFormats, type FeaturePrecision } from '../../../../../src/engine/featureRecord.ts';
import { Refused } from '../../../../../src/protocol/diagnostic.ts';
import { rng } from '../../../../../src/base/rng.ts';
import type { View } from '../../../../../src/data/sample.ts';
import { MemoryStore } from '../../../../support/memoryStore.ts';
import { tinyDataset } from '../../../../support/tinyData.ts';

const samples = 300, width = 1000, views: readonly View[] = ['centre', 'flip'], dataset = tinyDataset(samples);
const valueOf = (sample: number, view: View): number => sample + (view === 'flip' ? 0.5 : 0); // exact in float16

async function sourceOf(store: MemoryStore, memoryBytes?: number, precision: FeaturePrecision = 'float16'): Promise<FeatureSource> {
  const format = recordFormats[precision];
  const cache = await openFeatureCache(store, { key: 'c0ffee', title: '', recordBytes: width * format.bytesPerValue, report: () => undefined });
  for (const [sample, { facts: { sha256 } }] of dataset.samples.entries()) {
    for (const view of views) await cache.write(sha256, view, format.encode(new Float32Array(width).fill(valueOf(sample, view))));
  }
  await cache.flush();
  return cachedSource({ cache, from: 'pool', width, format, views }, dataset, memoryBytes);
}

const shuffled: readonly Row[] = rng(3, 'rows').shuffled(dataset.samples.flatMap((_, sample) => views.map((view) => ({ sample, view })))).slice(0, 590);

async function check(source: FeatureSource, size = 32): Promise<void> {
  let at = 0;
  for await (const block of source.blocks(shuffled, size)) {
    assert.equal(block.length, size * width);
    for (const [i, { sample, view }] of shuffled.slice(at, at + size).entries()) {
      assert.deepEqual([block[i * width], block[(i + 1) * width - 1]], [valueOf(sample, view), valueOf(sample, view)]);
    }
    at += size;
  }
  assert.equal(Math.min(at, shuffled.length), shuffled.length);
}

for (const precision of ['float16', 'float32'] as const) {
  test(`rows come in the order asked for, from memory and from disk alike, as ${precision}`, async () => {
    for (const memoryBytes of [undefined, 0, 400_000]) await check(await sourceOf(new MemoryStore(), memoryBytes, precision));
  });
}

test('what fits into memory is read once, however many epochs', async () => {
  const store = new MemoryStore(), source = await sourceOf(store);
  await check(source);
  store.reads = [];
  await check(source);
  assert.deepEqual(store.reads, []);
});

test('the limit counts all views', async () => {
  const store = new MemoryStore(), bytes = samples * views.length * width * 2;
  for (const [memoryBytes, readsAgain] of [[bytes, false], [bytes - 1, true]] as const) {
    const source = await sourceOf(store, memoryBytes);
    await check(source);
    store.reads = [];
    await check(source);
    assert.equal(store.reads.length > 0, readsAgain);
  }
});

test('beyond memory, a window of many batches is read in the order of the disk: a fraction of a look per row', async () => {
  const store = new MemoryStore(), source = await sourceOf(store, 1_100_000); // a window of 128 of the 600 records
  store.reads = [];
  await check(source);
  assert.ok(store.reads.length < shuffled.length / 20, `${store.reads.length} reads for ${shuffled.length} rows`);
  const bytes = store.reads.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0);
  assert.ok(bytes <= 5 * samples * views.length * width * 2, 'each window passes over the cache once at most');
});

test('a cache that is damaged while it is used ends the run with advice', async () => {
  for (const memoryBytes of [undefined, 0]) {
    const store = new MemoryStore(), source = await sourceOf(store, memoryBytes);
    for (const [name, bytes] of store.entries) if (name.endsWith('.data')) bytes[1000]! ^= 1;
    await assert.rejects(check(source), (error: Error) => error instanceof Refused && error.diagnostics[0]?.code === 'cache-corrupt');
  }
});

test('a reader that stops early leaves no rejection behind', async () => {
  const store = new MemoryStore(), source = await sourceOf(store, 0);
  const blocks = source.blocks(shuffled, 32);
  await blocks.next();
  store.read = () => Promise.reject(new Error('gone'));
  await blocks.return(undefined);
  await new Promise((resolve) => setImmediate(resolve)); // an unhandled one would fail the test
});
