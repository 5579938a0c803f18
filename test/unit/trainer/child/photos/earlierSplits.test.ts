import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { test, type TestContext } from 'node:test';
import { bundledBackbones } from '../../../../../src/backbones/backbones.ts';
import type { Plan } from '../../../../../src/experiment/plan.ts';
import { earlierSplits } from '../../../../../src/trainer/child/photos/earlierSplits.ts';
import { formatManifestLine } from '../../../../../src/data/manifest.ts';
import { formatResolved } from '../../../../../src/experiment/format.ts';
import { resolveExperiment } from '../../../../../src/experiment/resolve.ts';
import type { RunId, RunManifest } from '../../../../../src/protocol/runManifest.ts';
import type { Split } from '../../../../../src/data/sample.ts';
import { placeOf } from '../../../../../src/runs/runFolder.ts';
import { aRun } from '../../../../support/runs.ts';
import { temporaryFolder } from '../../../../support/temporary.ts';

const dataFolder = '/photos/flowers';

function planOf(overrides: Readonly<Record<string, string>> = {}): Plan {
  const resolved = resolveExperiment('thaw: 1\ndata: { folder: . }\n', { file: 'flowers.thaw.yaml', folderOf: () => dataFolder, backbones: bundledBackbones, overrides });
  assert.ok(resolved.ok);
  return resolved.value.plan;
}

/** A run as it looks once its folder was read; `second` orders them. */
function ranBefore(home: string, second: number, splits: Readonly<Record<string, Split | undefined>>, plan = planOf(), manifest: Partial<RunManifest> = {}): void {
  const run = aRun(home, { id: `20260501-1200${String(second).padStart(2, '0')}-flowers-00000${second}` as RunId, dataFolder, ...manifest });
  writeFileSync(run.resolvedPlan, formatResolved(plan, {}));
  mkdirSync(dirname(run.dataManifest));
  writeFileSync(run.dataManifest, Object.entries(splits).map(([path, split]) => formatManifestLine({ path, label: 'a', sizeBytes: 1, ...(split && { split }) })).join(''));
}

const splitsIn = (t: TestContext, prepare: (home: string) => void, plan = planOf()): Record<string, Split> => {
  const home = temporaryFolder(t);
  prepare(home);
  const own = aRun(home, { id: '20260501-120059-flowers-ffffff' as RunId });
  return Object.fromEntries<Split>(earlierSplits(placeOf(own), plan.data, own.id));
};

test('the newest run on the folder says where its photos stay; what it left out is free', (t) => {
  const found = splitsIn(t, (home) => {
    ranBefore(home, 1, { 'a/1.jpg': 'train', 'a/2.jpg': 'train' });
    ranBefore(home, 2, { 'a/1.jpg': 'test', 'a/bad.jpg': undefined });
  });
  assert.deepEqual(found, { 'a/1.jpg': 'test' });
});

test('runs on other folders, controls, and runs that never read their folder do not count', (t) => {
  const found = splitsIn(t, (home) => {
    ranBefore(home, 1, { 'a/1.jpg': 'validation' });
    ranBefore(home, 2, { 'a/1.jpg': 'train' }, planOf(), { dataFolder: '/photos/trees' });
    ranBefore(home, 3, { 'a/1.jpg': 'train' }, planOf(), { controlOf: '20260501-120001-flowers-000001' as RunId, control: 'scratch' });
    aRun(home, { id: '20260501-120004-flowers-000004' as RunId, dataFolder });
  });
  assert.deepEqual(found, { 'a/1.jpg': 'validation' });
});

test('another seed or other shares begin anew, and find their own again', (t) => {
  const prepare = (home: string): void => {
    ranBefore(home, 1, { 'a/1.jpg': 'train' });
    ranBefore(home, 2, { 'a/1.jpg': 'test' }, planOf({ 'data.split.seed': '8' }));
  };
  assert.deepEqual(splitsIn(t, prepare), { 'a/1.jpg': 'train' });
  assert.deepEqual(splitsIn(t, prepare, planOf({ 'data.split.seed': '8' })), { 'a/1.jpg': 'test' });
  assert.deepEqual(splitsIn(t, prepare, planOf({ 'data.split.train': '0.6', 'data.split.test': '0.25' })), {});
});

test('without any run before there is nothing to keep', (t) => {
  assert.deepEqual(splitsIn(t, () => undefined), {});
});
