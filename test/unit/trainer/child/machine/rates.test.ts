import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { calibratedRates, halfWay, learnRates, mend, mended, readRates } from '../../../../../src/trainer/child/machine/rates.ts';
import { portable } from '../../../../../src/engine/kernels.ts';
import type { Machine } from '../../../../../src/trainer/child/machine/machine.ts';
import type { Rates } from '../../../../../src/protocol/answers.ts';
import { temporaryFolder } from '../../../../support/temporary.ts';

const aMachine = (t: TestContext, threads = 2): Machine => ({ cache: join(temporaryFolder(t), 'cache'), threads, backbones: '', wasm: '', bindings: '', hub: { endpoint: '' }, version: '0' });
const ratesOf = (machine: Machine, engine: 'wasm' | 'tensorflow'): Rates => readRates(machine, engine).rates;

test('before anything was measured, more cores and a native engine are assumed to be faster', (t) => {
  const two = aMachine(t), eight = aMachine(t, 8);
  assert.equal(ratesOf(eight, 'wasm').prefix.msPerDenseGflop, ratesOf(two, 'wasm').prefix.msPerDenseGflop / 4);
  assert.ok(ratesOf(two, 'tensorflow').backward.msPerDenseGflop < ratesOf(two, 'wasm').backward.msPerDenseGflop);
  assert.equal(readRates(two, 'wasm').measured, false);
});

test('what a run found out is kept, for that engine and number of threads', (t) => {
  const machine = aMachine(t), before = ratesOf(machine, 'wasm'), tensorflow = ratesOf(machine, 'tensorflow');
  learnRates(machine, 'wasm', ({ baseBytes }) => ({ baseBytes: halfWay(baseBytes, 3 * baseBytes) }));
  assert.deepEqual(ratesOf(machine, 'wasm'), { ...before, baseBytes: 2 * before.baseBytes });
  assert.deepEqual(ratesOf(machine, 'tensorflow'), tensorflow);
  assert.equal(ratesOf({ ...machine, threads: 4 }, 'wasm').baseBytes, before.baseBytes);
});

test('half way to what was seen, by ratios, by its share; a measurement that is none changes nothing, and none counts more than four times', (t) => {
  const { forward } = ratesOf(aMachine(t), 'wasm');
  assert.deepEqual([4, 1 / 4, 100, 0, -1, NaN, Infinity].map((factor) => mend(10, factor)), [20, 5, 20, 5, 5, 10, 10]);
  assert.deepEqual([mend(10, 4, 0), mend(10, 4, 0.5)], [10, 10 * 4 ** 0.25]);
  assert.equal(mended(forward, 4).msPerDenseGflop, 2 * forward.msPerDenseGflop);
  assert.equal(mended(forward, 4).msPerNode, forward.msPerNode);
  for (const factor of [NaN, Infinity]) assert.deepEqual(mended(forward, factor), forward);
});

test('prices that are only seen together do not drift, however often runs are slower and faster than predicted', () => {
  let [decode, prefix] = [5, 20];
  for (let run = 0; run < 1000; run++) {
    const thought = decode + prefix, factor = (run % 2 ? 40 : 16) / thought;
    [decode, prefix] = [mend(decode, factor, decode / thought), mend(prefix, factor, prefix / thought)];
  }
  assert.ok(decode + prefix > 16 && decode + prefix < 40, `${decode} + ${prefix}`);
  assert.ok(decode > 0.5 && decode < 20, String(decode));
});

test('a damaged file is as good as none, and one that cannot be written costs nothing', (t) => {
  const machine = aMachine(t), before = readRates(machine, 'wasm');
  learnRates(machine, 'wasm', () => ({ baseBytes: 1 }));
  const [file] = readdirSync(machine.cache);
  for (const content of ['{', '{"rates":{"baseBytes":"large"}}', '[]', '{"prefixFlopsPerSecond":1}']) {
    writeFileSync(join(machine.cache, file!), content);
    assert.deepEqual(readRates(machine, 'wasm'), before, content);
  }
  const blocked = { ...machine, cache: join(machine.cache, file!, 'below a file') };
  learnRates(blocked, 'wasm', () => ({ baseBytes: 1 }));
  assert.deepEqual(readRates(blocked, 'wasm'), before);
});

test('a machine is measured once; another version of Thaw measures again and keeps what runs have learnt', async (t) => {
  const machine = aMachine(t), engine = { kernels: portable, warnings: [], facts: { name: 'cpu', title: '', device: 'cpu', threads: 1, node: '', why: '', tried: [] } } as const;
  let measurements = 0;
  const measure = (usual: Rates): Promise<Partial<Rates>> => Promise.resolve({ forward: { ...usual.forward, msPerNode: ++measurements } }); // the real one: test/process/run/cost.test.ts
  learnRates(machine, 'cpu', () => ({ baseBytes: 123 }));
  const rates = await calibratedRates(machine, engine, measure);
  assert.deepEqual([rates.baseBytes, rates.forward.msPerNode], [123, 1]);
  assert.deepEqual(await calibratedRates(machine, engine, measure), rates);
  const weights: number[] = [];
  for (const each of ['cpu', 'wasm'] as const) learnRates(machine, each, (_, weight) => { weights.push(weight); return {}; });
  assert.deepEqual(weights, [0.5, 1], 'what was measured counts for more than what one run saw');
  const newer = { ...machine, version: '1' };
  assert.equal(readRates(newer, 'cpu').measured, false);
  const again = await calibratedRates(newer, engine, measure);
  assert.deepEqual([again.baseBytes, again.forward.msPerNode, measurements], [123, 2, 2]);
});
