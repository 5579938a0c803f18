import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FactsCache } from '../../../src/data/factsCache.ts';
import type { FileFacts } from '../../../src/data/sample.ts';
import { MemoryStore } from '../../support/memoryStore.ts';

const factsOf = (digit: string): FileFacts => ({
  sha256: digit.repeat(64), width: 640, height: 480, format: 'JPEG', hashes: ['0123456789abcdef', 'f0'.repeat(30)],
  notes: [{ code: 'converted', severity: 'information', message: 'grey → RGB' }],
});

async function saved(...facts: readonly FileFacts[]): Promise<MemoryStore> {
  const store = new MemoryStore(), cache = await FactsCache.open(store);
  for (const each of facts) cache.add(each);
  await cache.save();
  return store;
}

const textOf = (store: MemoryStore): string => new TextDecoder().decode([...store.entries.values()][0]);

test('facts are known at once, and by the next opening', async () => {
  const store = await saved(factsOf('a'), factsOf('b'));
  const cache = await FactsCache.open(store);
  assert.deepEqual(cache.get('a'.repeat(64)), factsOf('a'));
  assert.equal(cache.get('c'.repeat(64)), undefined);
  cache.add(factsOf('c'));
  assert.deepEqual(cache.get('c'.repeat(64)), factsOf('c'));
});

test('what is known already is not written again, and nothing new writes nothing', async () => {
  const store = await saved(factsOf('a')), cache = await FactsCache.open(store);
  cache.add(factsOf('a'));
  await cache.save();
  assert.equal(store.appends, 1);
});

test('what belongs to one file stays out: its place and its extension', async () => {
  const where = { file: 'a/b.png' };
  const store = await saved({ ...factsOf('a'), notes: [...factsOf('a').notes.map((note) => ({ ...note, where })), { code: 'extension-mismatch', severity: 'information', message: 'x', where }] });
  assert.deepEqual((await FactsCache.open(store)).get('a'.repeat(64)), factsOf('a'));
});

test('a torn line costs only itself, also when more is appended', async () => {
  const store = await saved(factsOf('a'), factsOf('b'));
  const [name, bytes] = [...store.entries][0]!;
  store.entries.set(name, bytes.slice(0, -20));
  const cache = await FactsCache.open(store);
  assert.equal(cache.get('b'.repeat(64)), undefined);
  cache.add(factsOf('c'));
  await cache.save();
  const next = await FactsCache.open(store);
  assert.deepEqual(['a', 'b', 'c'].map((digit) => next.get(digit.repeat(64)) !== undefined), [true, false, true]);
});

test('damaged lines are as good as none', async () => {
  const store = await saved(factsOf('a'));
  const [name] = [...store.entries.keys()] as [string];
  const bad = JSON.stringify({ ...factsOf('b'), width: 'wide' });
  store.entries.set(name, new TextEncoder().encode(`\u0000\u0000\n${bad}\n[]\n${textOf(store)}`));
  const cache = await FactsCache.open(store);
  assert.deepEqual(['a', 'b'].map((digit) => cache.get(digit.repeat(64))), [factsOf('a'), undefined]);
});
