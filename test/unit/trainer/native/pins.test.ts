import assert from 'node:assert/strict';
import { basename } from 'node:path';
import { test } from 'node:test';
import { isPinned, sources } from '../../../../src/trainer/native/pins.ts';

const all = Object.entries(sources).flatMap(([platform, list]) => list.map((source) => ({ platform, source })));

test('each platform that is meant to work has a wheel and a jar, by package names alone', () => {
  assert.deepEqual(Object.keys(sources).sort(), ['darwin-arm64', 'linux-arm64', 'linux-x64', 'win32-x64']);
  assert.deepEqual(all.map(({ source }) => source.client), ['pip', 'maven', 'pip', 'maven', 'pip', 'maven', 'pip', 'maven']);
  for (const { source } of all) assert.doesNotMatch(`${source.package} ${source.tag}`, /[/\\]|https?|\.(com|io|net)\b/);
});

test('pinned members are the two libraries that the binding names, with whole hashes', () => {
  const pinned = all.filter(({ source }) => isPinned(source));
  assert.deepEqual(pinned.map(({ platform }) => platform), ['linux-x64', 'linux-x64']);
  for (const { source } of pinned) {
    assert.deepEqual(source.members!.map(({ path }) => basename(path)), ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2']);
    assert.ok(source.members!.every(({ sha256, sizeBytes }) => /^[0-9a-f]{64}$/.test(sha256) && sizeBytes > 1e7));
    assert.ok(source.archiveBytes! > 1e8);
  }
});
