import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { learnRates, readRates } from '../../../../src/trainer/child/rates.ts';
import type { Machine } from '../../../../src/trainer/child/machine.ts';
import { temporaryFolder } from '../../../support/temporary.ts';

const aMachine = (t: TestContext, threads = 2): Machine => ({ cache: join(temporaryFolder(t), 'cache'), threads, backbones: '', wasm: '', bindings: '', hub: { endpoint: '' }, version: '0' });

test('before anything was measured, more cores and a native engine are assumed to be faster', (t) => {
  const two = aMachine(t), eight = aMachine(t, 8);
  assert.ok(readRates(eight, 'wasm').prefixFlopsPerSecond === 4 * readRates(two, 'wasm').prefixFlopsPerSecond);
  assert.ok(readRates(two, 'tensorflow').stepFlopsPerSecond > readRates(two, 'wasm').stepFlopsPerSecond);
});

test('what a run measured moves the rate half way, and only that rate, for that engine', (t) => {
  const machine = aMachine(t), before = readRates(machine, 'wasm'), tensorflow = readRates(machine, 'tensorflow');
  learnRates(machine, 'wasm', { stepFlopsPerSecond: 3 * before.stepFlopsPerSecond });
  assert.deepEqual(readRates(machine, 'wasm'), { ...before, stepFlopsPerSecond: 2 * before.stepFlopsPerSecond });
  assert.deepEqual(readRates(machine, 'tensorflow'), tensorflow);
  assert.deepEqual(readRates({ ...machine, threads: 4 }, 'wasm').stepFlopsPerSecond, 2 * before.stepFlopsPerSecond, 'another number of threads has its own');
});

test('a measurement that is none changes nothing', (t) => {
  const machine = aMachine(t), before = readRates(machine, 'wasm');
  learnRates(machine, 'wasm', { stepOverheadMs: NaN, prefixFlopsPerSecond: Infinity, decodedImagesPerSecond: 0, stepFlopsPerSecond: -1 });
  assert.deepEqual(readRates(machine, 'wasm'), before);
});

test('a damaged file is as good as none, and one that cannot be written costs nothing', (t) => {
  const machine = aMachine(t), before = readRates(machine, 'wasm');
  learnRates(machine, 'wasm', { stepOverheadMs: 100 });
  const [file] = readdirSync(machine.cache);
  for (const content of ['{', '{"stepOverheadMs":"fast"}', '[]']) {
    writeFileSync(join(machine.cache, file!), content);
    assert.deepEqual(readRates(machine, 'wasm'), before, content);
  }
  const blocked = { ...machine, cache: join(machine.cache, file!, 'below a file') };
  learnRates(blocked, 'wasm', { stepOverheadMs: 100 });
  assert.deepEqual(readRates(blocked, 'wasm'), before);
});
