import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { cardOf } from '../../../src/backbones/cards.ts';
import { rng } from '../../../src/base/rng.ts';
import { Bug } from '../../../src/base/bug.ts';
import type { View } from '../../../src/data/sample.ts';
import { featureCacheKey, openFeatureCache } from '../../../src/engine/featureCache.ts';
import type { FeatureCache, SampleView } from '../../../src/engine/featureCache.ts';
import type { Diagnostic } from '../../../src/protocol/diagnostic.ts';
import { MemoryStore } from '../../support/memoryStore.ts';

const key = 'c0ffee', recordBytes = 24;
const views: readonly View[] = ['centre', 'flip'];
const shaOf = (sample: number): string => createHash('sha256').update(String(sample)).digest('hex');

/** Bytes that belong to one sample, view and size alone. */
function recordOf(sample: number, view: View, sizeBytes = recordBytes): Uint8Array {
  const random = rng(sample, view);
  return Uint8Array.from({ length: sizeBytes }, () => random.int(256));
}

const open = async (store: MemoryStore, said: Diagnostic[] = [], sizeBytes = recordBytes): Promise<FeatureCache> =>
  openFeatureCache(store, { key, title: 'tiny up to blocks.0', recordBytes: sizeBytes, report: (diagnostic) => said.push(diagnostic) });

async function fill(store: MemoryStore, samples: readonly number[], sizeBytes = recordBytes): Promise<void> {
  const cache = await open(store, [], sizeBytes);
  for (const sample of samples) for (const view of views) await cache.write(shaOf(sample), view, recordOf(sample, view, sizeBytes));
  await cache.flush();
}

const listOf = (samples: readonly number[], view: View): SampleView[] => samples.map((sample) => ({ sha256: shaOf(sample), view }));

/** Reads samples and checks every byte of those found; returns the samples that are missing. */
async function missingOf(cache: FeatureCache, samples: readonly number[], view: View, sizeBytes = recordBytes): Promise<number[]> {
  const into = new Uint8Array(samples.length * sizeBytes).fill(0xaa);
  const missing = await cache.read(listOf(samples, view), into);
  samples.forEach((sample, i) => {
    const untouched = new Uint8Array(sizeBytes).fill(0xaa);
    assert.deepEqual(into.subarray(i * sizeBytes, (i + 1) * sizeBytes), missing.includes(i) ? untouched : recordOf(sample, view, sizeBytes));
  });
  return missing.map((position) => samples[position]!);
}

const named = (store: MemoryStore, ending: string): string[] => [...store.entries.keys()].filter((name) => name.endsWith(ending)).sort();

test('what was written is read, in any order and more than once, by this and the next opening', async () => {
  const store = new MemoryStore();
  const cache = await open(store);
  for (const sample of [1, 2, 3]) await cache.write(shaOf(sample), 'flip', recordOf(sample, 'flip'));
  assert.equal(cache.has(shaOf(2), 'flip'), true);
  assert.equal(cache.has(shaOf(2), 'centre'), false);
  assert.deepEqual(await missingOf(cache, [3, 1, 4, 1, 2], 'flip'), [4]);
  const next = await open(store);
  assert.deepEqual(await missingOf(next, [3, 1, 4, 1, 2], 'flip'), [4]);
  assert.deepEqual(await missingOf(next, [1, 2], 'centre'), [1, 2]);
});

test('the caller may use the bytes again after writing', async () => {
  const store = new MemoryStore(), cache = await open(store), bytes = recordOf(1, 'centre');
  await cache.write(shaOf(1), 'centre', bytes);
  bytes.fill(0);
  assert.deepEqual(await missingOf(cache, [1], 'centre'), []);
});

test('a record of another size is our mistake', async () => {
  const cache = await open(new MemoryStore());
  await assert.rejects(cache.write(shaOf(1), 'centre', new Uint8Array(recordBytes - 1)), Bug);
  await assert.rejects(cache.read(listOf([1], 'centre'), new Uint8Array(recordBytes - 1)), Bug);
});

test('nothing is on disk before a record is, and one is never written twice', async () => {
  const store = new MemoryStore(), cache = await open(store);
  await cache.flush();
  assert.equal(store.entries.size, 0);
  await cache.write(shaOf(1), 'centre', recordOf(1, 'centre'));
  await cache.write(shaOf(1), 'centre', recordOf(1, 'centre'));
  await cache.flush();
  await cache.write(shaOf(1), 'centre', recordOf(1, 'centre'));
  await cache.flush();
  assert.equal(store.entries.get(named(store, '.data')[0]!)!.length, recordBytes);
  for (const name of store.entries.keys()) assert.match(name, /^[\w.-]+$/, 'a plain file name');
});

test('several writers at once leave a segment each, and all are read', async () => {
  const store = new MemoryStore();
  const [a, b] = [await open(store), await open(store)];
  await a.write(shaOf(1), 'centre', recordOf(1, 'centre'));
  await b.write(shaOf(2), 'centre', recordOf(2, 'centre'));
  await Promise.all([a.flush(), b.flush()]);
  assert.equal(named(store, '.index').length, 2);
  assert.deepEqual(await missingOf(await open(store), [1, 2], 'centre'), []);
});

test('another key is another cache', async () => {
  const store = new MemoryStore();
  await fill(store, [1]);
  const other = await openFeatureCache(store, { key: key.slice(0, -1), title: '', recordBytes, report: () => assert.fail('nothing is damaged') });
  assert.equal(other.has(shaOf(1), 'centre'), false);
});

test('every damaged byte of a record makes that record missing and no other, and is said once', async () => {
  for (let byte = 0; byte < 4 * recordBytes; byte += 5) {
    const store = new MemoryStore(), said: Diagnostic[] = [];
    await fill(store, [1, 2]);
    const cache = await open(store, said);
    store.entries.get(named(store, '.data')[0]!)![byte]! ^= 0x40;
    const hit = Math.floor(byte / recordBytes), sample = 1 + (hit >> 1), view = views[hit & 1]!;
    assert.deepEqual(await missingOf(cache, [1, 2], view), [sample]);
    assert.deepEqual(await missingOf(cache, [1, 2], view), [sample]);
    assert.deepEqual(await missingOf(cache, [1, 2], views[1 - (hit & 1)]!), []);
    assert.equal(cache.has(shaOf(sample), view), false);
    assert.deepEqual(said.map(({ code }) => code), ['cache-corrupt']);
  }
});

test('no damaged byte of an index brings a wrong record', async () => {
  const whole = new MemoryStore();
  await fill(whole, [1, 2]);
  const name = named(whole, '.index')[0]!, length = whole.entries.get(name)!.length;
  for (let byte = 0; byte < length; byte++) {
    const store = new MemoryStore(), said: Diagnostic[] = [];
    for (const [entry, bytes] of whole.entries) store.entries.set(entry, bytes.slice());
    store.entries.get(name)![byte]! ^= 0x10;
    const cache = await open(store, said);
    const missing = [...await missingOf(cache, [1, 2], 'centre'), ...await missingOf(cache, [1, 2], 'flip')];
    assert.equal(missing.length, byte < 16 ? 4 : 1, `byte ${byte}`);
    assert.equal(said.length, 1);
    const again: Diagnostic[] = [], next = await open(store, again);
    assert.equal((await missingOf(next, [1, 2], 'centre')).length + (await missingOf(next, [1, 2], 'flip')).length, missing.length, 'the rest is still there');
    assert.deepEqual(again, [], 'and the damage is not told again');
  }
});

test('a damaged index that cannot be mended is read as far as it is whole', async () => {
  const store = new MemoryStore(), said: Diagnostic[] = [];
  await fill(store, [1, 2]);
  store.entries.get(named(store, '.index')[0]!)![20]! ^= 1;
  store.remove = () => Promise.reject(new Error('read-only'));
  assert.deepEqual(await missingOf(await open(store, said), [1, 2], 'centre'), [1]);
  assert.equal(said.length, 1);
});

test('wherever a writer was killed, whole records are kept', async () => {
  const whole = new MemoryStore();
  await fill(whole, [1, 2, 3]);
  const [data, index] = [named(whole, '.data')[0]!, named(whole, '.index')[0]!];
  for (const torn of [data, index]) {
    for (let kept = 0; kept <= whole.entries.get(torn)!.length; kept += 7) {
      const store = new MemoryStore(), said: Diagnostic[] = [];
      for (const [entry, bytes] of whole.entries) store.entries.set(entry, bytes.slice(0, entry === torn ? kept : bytes.length));
      const cache = await open(store, said);
      const records = Math.floor(torn === data ? kept / recordBytes : Math.max(0, kept - 16) / 44);
      const missing = (await missingOf(cache, [1, 2, 3], 'centre')).length + (await missingOf(cache, [1, 2, 3], 'flip')).length;
      assert.equal(missing, 6 - records, `${kept} bytes of ${torn}`);
    }
  }
});

test('a damaged record that was computed again is found from then on', async () => {
  const store = new MemoryStore();
  await fill(store, [1, 2]);
  store.entries.get(named(store, '.data')[0]!)![0]! ^= 1;
  for (const [opening, complaints] of [[1, 1], [2, 0]] as const) {
    const said: Diagnostic[] = [], cache = await open(store, said);
    for (const sample of await missingOf(cache, [1, 2], 'centre')) await cache.write(shaOf(sample), 'centre', recordOf(sample, 'centre'));
    assert.deepEqual(await missingOf(cache, [1, 2], 'centre'), []);
    assert.equal(said.length, complaints, `opening ${opening}`);
  }
});

test('verifying finds the damage before anything relies on the cache', async () => {
  const store = new MemoryStore(), said: Diagnostic[] = [];
  await fill(store, [1, 2, 3]);
  const cache = await open(store, said);
  store.entries.get(named(store, '.data')[0]!)![2 * recordBytes]! ^= 1;
  assert.equal(cache.has(shaOf(2), 'centre'), true);
  await cache.verify(listOf([1, 2, 3, 4], 'centre'));
  assert.deepEqual([1, 2, 3].map((sample) => cache.has(shaOf(sample), 'centre')), [true, false, true]);
  assert.equal(said.length, 1);
});

test('a segment that goes away is damage, not an error', async () => {
  const store = new MemoryStore(), said: Diagnostic[] = [];
  await fill(store, [1]);
  const cache = await open(store, said);
  await store.remove(named(store, '.data')[0]!);
  assert.deepEqual(await missingOf(cache, [1], 'centre'), [1]);
  assert.equal(said.length, 1);
});

test('a full disk is the writer\'s to hear, now and later; what was there is still read', async () => {
  const store = new MemoryStore();
  await fill(store, [1]);
  const cache = await open(store);
  store.capacityBytes = [...store.entries.values()].reduce((sum, { length }) => sum + length, 0) + recordBytes / 2;
  await cache.write(shaOf(2), 'centre', recordOf(2, 'centre'));
  assert.deepEqual(await missingOf(cache, [1, 2], 'centre'), [2]);
  await assert.rejects(cache.flush(), { code: 'ENOSPC' });
  assert.equal(cache.has(shaOf(2), 'centre'), false);
  store.capacityBytes = Infinity;
  await cache.write(shaOf(3), 'centre', recordOf(3, 'centre'));
  await assert.rejects(cache.flush(), { code: 'ENOSPC' }); // its segment ends in half a record
  const said: Diagnostic[] = [];
  assert.deepEqual(await missingOf(await open(store, said), [1, 2], 'centre'), [2]);
  assert.deepEqual(said, []);
});

test('neighbours are read in one call, and never more at once than memory allows', async () => {
  const store = new MemoryStore(), sizeBytes = 64 << 10, samples = Array.from({ length: 200 }, (_, i) => i);
  await fill(store, samples, sizeBytes); // 25 MiB
  const cache = await open(store, [], sizeBytes);
  store.reads = [];
  assert.deepEqual(await missingOf(cache, rng(3).shuffled(samples), 'flip', sizeBytes), []);
  assert.equal(store.reads.length, 4);
  assert.ok(store.reads.every(({ lengthBytes }) => lengthBytes <= 8 << 20));
  store.reads = [];
  assert.deepEqual(await missingOf(cache, [0, 199], 'flip', sizeBytes), []);
  assert.deepEqual(store.reads.map(({ lengthBytes }) => lengthBytes), [sizeBytes, sizeBytes], 'far apart: nothing is read between them');
});

test('records are gathered into few appends', async () => {
  const store = new MemoryStore(), samples = Array.from({ length: 500 }, (_, i) => i);
  await fill(store, samples, 1 << 10);
  assert.equal(store.appends, 3, 'what it is, data, index');
  assert.deepEqual(await missingOf(await open(store, [], 1 << 10), samples, 'flip', 1 << 10), []);
});

test('the key changes with everything that a record depends on', () => {
  const { input } = cardOf('efficientnet_lite0')!;
  const content = { model: Uint8Array.of(1, 2), input, decoder: 'sharp 1', precision: 'float32' as const };
  const variants = [
    content, { ...content, model: Uint8Array.of(1, 3) }, { ...content, decoder: 'sharp 2' },
    { ...content, input: { ...input, mean: [0.5, 0.5, 0.4] as const } }, { ...content, input: { ...input, cropShare: 1 } },
    { ...content, input: { ...input, interpolation: 'bilinear' as const } }, { ...content, precision: 'float16' as const },
  ];
  assert.equal(new Set(variants.map(featureCacheKey)).size, variants.length);
  assert.equal(featureCacheKey({ ...content }), featureCacheKey(content));
  assert.match(featureCacheKey(content), /^[0-9a-f]{32}$/);
});

test('opening marks the segments of its key as used, and says what they are', async () => {
  const store = new MemoryStore();
  await fill(store, [1, 2]);
  const other = await openFeatureCache(store, { key: 'beef', title: 'another', recordBytes, report: () => assert.fail('nothing is damaged') });
  await other.write(shaOf(1), 'centre', recordOf(1, 'centre'));
  await other.flush();
  store.touched = [];
  await open(store);
  assert.deepEqual(store.touched, named(store, '.index').filter((name) => name.startsWith(`${key}-`)));
  const about = [`${key}.about`, 'beef.about'].map((name) => new TextDecoder().decode(store.entries.get(name)));
  assert.deepEqual(about, ['tiny up to blocks.0', 'another']);
});

test('a cache that cannot be marked is read all the same', async () => {
  const store = new MemoryStore();
  await fill(store, [1]);
  store.touch = () => Promise.reject(new Error('read-only'));
  assert.deepEqual(await missingOf(await open(store), [1], 'centre'), []);
});
