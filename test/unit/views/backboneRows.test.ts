import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { blobPath, writeModel, type CachedModel } from '../../../src/trainer/hub/modelCache.ts';
import { backboneRows, type BackboneRow } from '../../../src/views/backboneRows.ts';
import { lite0Config, lite0Name } from '../../support/hubServer.ts';
import { temporaryFolder } from '../../support/temporary.ts';

const commit = '0123456789'.repeat(4), blob = 'ab'.repeat(32);

function cacheWith(t: TestContext, ...models: readonly Partial<CachedModel>[]): string {
  const cache = temporaryFolder(t);
  mkdirSync(join(cache, 'models', 'blobs'), { recursive: true });
  writeFileSync(blobPath(cache, blob), new Uint8Array(2048));
  for (const model of models) {
    writeModel(cache, {
      format: 1, repo: lite0Name, commit, fetchedAt: '2026-05-01T12:00:00.000Z', revisions: { main: '2026-05-01T12:00:00.000Z' }, licence: 'mit', config: lite0Config,
      weights: [{ path: 'model.safetensors', blob, sha256: blob, sizeBytes: 2048 }], ...model,
    });
  }
  return cache;
}

const fetchedRows = (cache: string): readonly BackboneRow[] => backboneRows(cache).filter(({ fetched }) => fetched);

test('an empty cache shows what came with Thaw, with its modality', (t) => {
  assert.deepEqual(backboneRows(temporaryFolder(t)).map(({ name, label, description, fetched }) => [name, label, description, fetched]),
    [
      ['efficientnet_lite0', 'EfficientNet-Lite0', '4.7 M · image · bundled', false],
      ['resnet20_cifar10', 'ResNet-20 for 32 pixels', '270 k · image · bundled', false],
    ]);
});

test('a fetched backbone shows size and licence, and in its tooltip where it is from', (t) => {
  const [row, ...more] = fetchedRows(cacheWith(t, { config: { ...lite0Config, label_names: ['tench', 'goldfish', 'shark', 'ray'] } }));
  assert.deepEqual(more, []);
  assert.deepEqual([row?.name, row?.label, row?.description, row?.fetched], [`hf:${lite0Name}`, 'EfficientNet-Lite0 (in1k)', '4.7 M · image · 2.0 KiB · apache-2.0', true]);
  assert.match(row!.tooltip, /Learnt to tell 4 classes: tench, goldfish, shark, …\nLicence: apache-2\.0\nSource: timm\/tf_efficientnet_lite0\.in1k, commit 0123456$/);
});

test('revisions of one repository are rows of their own, each by a name that an experiment can use', (t) => {
  const older = '9'.repeat(40), cache = cacheWith(t, { commit: older }, {});
  assert.deepEqual(fetchedRows(cache).map(({ name }) => name), [`hf:${lite0Name}`, `hf:${lite0Name}@${older}`]);
});

test('one that this version cannot build says so, and hostile words of a config stay words', (t) => {
  const [row] = fetchedRows(cacheWith(t, { config: { architecture: 'swin_\u202etiny' } }));
  assert.match(row!.description, /^2\.0 KiB · cannot be used$/);
  assert.match(row!.tooltip, /of the architecture "swin_\\u202etiny", which Thaw cannot build yet/);
});
