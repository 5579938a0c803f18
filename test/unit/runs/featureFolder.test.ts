import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { cachedFeatures, clearFeatures, trimFeatures } from '../../../src/runs/featureFolder.ts';
import { openFeatureCache } from '../../../src/engine/featureCache.ts';
import { fileStore } from '../../../src/runs/fileStore.ts';
import { placesOf, type RunsPlace } from '../../../src/runs/runFolder.ts';
import { temporaryFolder } from '../../support/temporary.ts';
import { tryLock } from '../../../src/runs/lock.ts';

const hours = (n: number): string => new Date(Date.UTC(2026, 4, 1, n)).toISOString();

/** A place with one segment of 100 bytes per entry: its key, and the hour in which it was used last. */
function placeWith(t: TestContext, segments: readonly (readonly [key: string, hour: number])[]): RunsPlace {
  const [place] = placesOf(temporaryFolder(t), '/nowhere');
  mkdirSync(place.features, { recursive: true });
  for (const [i, [key, hour]] of segments.entries()) {
    const name = join(place.features, `${key}-${String(i).padStart(6, '0')}-abc`);
    for (const [ending, size] of [['data', 90], ['index', 10]] as const) {
      writeFileSync(`${name}.${ending}`, new Uint8Array(size));
      utimesSync(`${name}.${ending}`, new Date(hours(0)), new Date(hours(ending === 'index' ? hour : 0)));
    }
    writeFileSync(join(place.features, `${key}.about`), `network up to ${key}`);
  }
  return place;
}

const keysIn = (place: RunsPlace): string[] => cachedFeatures(place).map(({ key }) => key);

test('what is kept is told by what it is, with its size, the last used first', (t) => {
  const place = placeWith(t, [['aa', 3], ['bb', 5], ['aa', 4]]);
  assert.deepEqual(cachedFeatures(place), [
    { key: 'bb', title: 'network up to bb', sizeBytes: 100, usedAt: hours(5) },
    { key: 'aa', title: 'network up to aa', sizeBytes: 200, usedAt: hours(4) },
  ]);
  assert.deepEqual(cachedFeatures(placesOf(temporaryFolder(t), '/nowhere')[0]), []);
});

test('what was used longest ago goes first, and no more than has to', (t) => {
  const place = placeWith(t, [['aa', 3], ['bb', 1], ['cc', 5], ['aa', 2]]);
  assert.equal(trimFeatures(place, 400, hours(9)), 400);
  assert.equal(readdirSync(place.features).length, 11);
  assert.equal(trimFeatures(place, 250, hours(9)), 200);
  assert.deepEqual(keysIn(place), ['cc', 'aa']);
  assert.ok(!existsSync(join(place.features, 'bb.about')) && existsSync(join(place.features, 'aa.about')));
  assert.equal(trimFeatures(place, 0, hours(9)), 0);
  assert.deepEqual(readdirSync(place.features), []);
});

test('what a run has used since it began stays, however much it is', (t) => {
  const place = placeWith(t, [['aa', 3], ['bb', 4], ['cc', 5]]);
  assert.equal(trimFeatures(place, 0, hours(4)), 200);
  assert.deepEqual(keysIn(place), ['cc', 'bb']);
});

test('opening a cache makes its segments the last used', async (t) => {
  const place = placeWith(t, [['bb', 4]]), store = fileStore(place.features, 'never');
  const open = () => openFeatureCache(store, { key: 'aa', title: 'mine', recordBytes: 8, report: () => assert.fail('nothing is damaged') });
  const cache = await open();
  await cache.write('0'.repeat(64), 'centre', new Uint8Array(8));
  await cache.flush();
  for (const name of readdirSync(place.features).filter((each) => each.startsWith('aa-'))) utimesSync(join(place.features, name), new Date(hours(1)), new Date(hours(1)));
  assert.deepEqual(keysIn(place), ['bb', 'aa']);
  const before = Date.now();
  await open();
  assert.deepEqual(keysIn(place), ['aa', 'bb']);
  const index = readdirSync(place.features).find((name) => name.startsWith('aa-') && name.endsWith('.index'))!;
  assert.ok(statSync(join(place.features, index)).mtimeMs >= before - 10);
});

test('clearing removes what was chosen, half a segment too, and nothing while a run trains', (t) => {
  const place = placeWith(t, [['aa', 3], ['bb', 4], ['aa', 5]]);
  writeFileSync(join(place.features, 'aa-000007-cut.data'), new Uint8Array(50)); // its writer was killed before the index
  const training = tryLock(place.training);
  assert.ok(training);
  assert.equal(clearFeatures(place, new Set(['aa'])), undefined);
  assert.equal(keysIn(place).length, 2);
  training.release();
  assert.equal(clearFeatures(place, new Set(['aa'])), 250);
  assert.deepEqual(keysIn(place), ['bb']);
  assert.equal(clearFeatures(place, new Set(['aa'])), 0);
});

test('a home without a cache is left as it is', (t) => {
  const [place] = placesOf(temporaryFolder(t), '/nowhere');
  assert.equal(clearFeatures(place, new Set(['aa'])), 0);
  assert.equal(existsSync(place.path), false);
});
