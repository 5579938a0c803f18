import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { collectGarbage } from '../../../src/base/collectGarbage.ts';
import { chooseEngine } from '../../../src/engine/choose.ts';
import { portable, type Kernels } from '../../../src/engine/kernels.ts';
import { cpu } from '../../../src/engine/rungs/cpu.ts';
import type { Rung } from '../../../src/engine/rungs/rung.ts';
import { wasm } from '../../../src/engine/rungs/wasm.ts';
import type { EngineFacts } from '../../../src/protocol/runEvent.ts';
import { usualPart } from '../../../src/engine/timedPart.ts';
import { engineResources as resources } from '../../support/engines.ts';

const how = { resources, part: usualPart, time: (kernels: Kernels): Promise<number> => Promise.resolve(kernels === portable ? 40 : 2) };

const broken: Rung = {
  name: 'tensorflow',
  async start(given) {
    const started = await cpu.start(given);
    assert.ok(started.ok);
    return { ...started, value: { ...started.value, kernels: { ...portable, relu: (x) => tf.mul(portable.relu(x), 2) } } };
  },
};
const missing: Rung = {
  name: 'tensorflow',
  start: () => Promise.resolve({ ok: false, warnings: [], errors: [{ code: 'engine-missing', severity: 'error', message: 'TensorFlow is not installed', fix: 'run `thaw engine install`' }] }),
};

test('the fastest correct engine is chosen and is the current one', async () => {
  const chosen = await chooseEngine([cpu, wasm], how);
  assert.ok(chosen.ok);
  const { facts } = chosen.value;
  assert.equal(facts.name, 'wasm');
  assert.equal(tf.getBackend(), 'wasm');
  assert.match(facts.why, /^fastest of 2 that passed the gradient self-test \(20\.0 × cpu\)$/);
  assert.deepEqual(facts.tried.map(({ name, ok }) => [name, ok]), [['cpu', true], ['wasm', true]]);
  assert.deepEqual(facts.tried.map(({ stepMs }) => stepMs), [40, 2]);
  assert.equal(facts.timed, usualPart.title);
  chosen.value.rung.dispose();
});

test('on the same device an engine has to be half as fast again to be preferred to one before it', async () => {
  const byFactor = async (factor: number): Promise<EngineFacts['name']> => {
    const chosen = await chooseEngine([cpu, wasm], { ...how, time: (kernels) => Promise.resolve(kernels === portable ? 2 * factor : 2) });
    assert.ok(chosen.ok);
    assert.equal(tf.getBackend(), chosen.value.facts.name);
    if (chosen.value.facts.name === 'cpu') assert.equal(chosen.value.facts.why, 'nearly the fastest of 2 for this (0.7 × wasm), and the fastest for more layers');
    chosen.value.rung.dispose();
    return chosen.value.facts.name;
  };
  assert.equal(await byFactor(1.4), 'cpu');
  assert.equal(await byFactor(1.6), 'wasm');
});

test('an engine that works leaves the others their share of the time, and what all took is said', async () => {
  const left: number[] = [];
  const chosen = await chooseEngine([missing, cpu, wasm], { ...how, budgetMs: 3000, time: (kernels, _, leftMs) => {
    left.push(leftMs!);
    return how.time(kernels);
  } });
  assert.ok(chosen.ok);
  assert.ok(left[0]! <= 1500 && left[0]! > 0, `${left[0]} ms for the first of two`);
  assert.ok(left[1]! <= 3000 && left[1]! > left[0]!, `${left[1]} ms for the last`);
  assert.ok(chosen.value.facts.testsMs! > 0);
  chosen.value.rung.dispose();
});

test('an engine with wrong gradients is out, however fast, and that is a warning', async () => {
  const chosen = await chooseEngine([broken, wasm], how);
  assert.ok(chosen.ok);
  assert.equal(chosen.value.facts.name, 'wasm');
  assert.equal(tf.getBackend(), 'wasm');
  assert.match(chosen.value.facts.tried[0]!.why!, /failed its test: .*/);
  assert.deepEqual(chosen.warnings.map(({ code }) => code), ['engine-fallback']);
  assert.match(chosen.warnings[0]!.message, /training goes on with WebAssembly/);
  chosen.value.rung.dispose();
});

test('an engine that is not installed is no warning, but the advice says how to get it', async () => {
  const chosen = await chooseEngine([missing, wasm], how);
  assert.ok(chosen.ok);
  assert.deepEqual(chosen.warnings, []);
  assert.match(chosen.value.facts.advice!, /TensorFlow is not installed: run `thaw engine install`.*faster/);
  assert.equal(chosen.value.facts.why, 'the only one here that passed the gradient self-test');
  chosen.value.rung.dispose();
});

test('a pinned engine is the only one tried; it is refused rather than replaced', async () => {
  const pinned = await chooseEngine([missing, wasm, cpu], { ...how, pinned: 'cpu' });
  assert.ok(pinned.ok);
  assert.deepEqual([pinned.value.facts.name, pinned.value.facts.why, pinned.value.facts.tried.length], ['cpu', 'asked for', 1]);
  const absent = await chooseEngine([missing, wasm], { ...how, pinned: 'tensorflow' });
  assert.ok(!absent.ok);
  assert.deepEqual(absent.errors.map(({ code }) => code), ['engine-missing']);
  const unknown = await chooseEngine([wasm], { ...how, pinned: 'webgpu' });
  assert.ok(!unknown.ok);
  assert.match(unknown.errors[0]!.message, /no engine "webgpu"/);
});

test('when no engine works, every reason is given', async () => {
  const chosen = await chooseEngine([missing, { ...broken, name: 'webgpu' }], how);
  assert.ok(!chosen.ok);
  assert.deepEqual(chosen.errors.map(({ code }) => code), ['engine-missing', 'engine-failed']);
});

test('once the tests have taken too long, the rungs that come later are left out, if there is one that works', async () => {
  const chosen = await chooseEngine([missing, cpu, wasm], { ...how, budgetMs: 0 });
  assert.ok(chosen.ok);
  assert.equal(chosen.value.facts.name, 'cpu');
  assert.match(chosen.value.facts.tried[2]!.why!, /^not tried: the tests before took under 1 s$/);
  assert.deepEqual(chosen.warnings, []);
  chosen.value.rung.dispose();
});

test('an engine that lost gives its memory back', async () => {
  const externalMib = async (): Promise<number> => {
    for (let i = 0; i < 3; i++) {
      collectGarbage();
      await new Promise((resolve) => setTimeout(resolve, 20)); // the memory of WebAssembly goes in a later turn
    }
    return process.memoryUsage().external / 2 ** 20;
  };
  const before = await externalMib();
  const grow = async (kernels: Kernels): Promise<number> => {
    if (tf.getBackend() === 'wasm') {
      tf.tidy(() => void tf.ones([64, 1 << 20]).relu().dataSync()); // 256 MiB, twice
      assert.ok(await externalMib() > before + 200);
    }
    return kernels === portable ? 2 : 40;
  };
  const chosen = await chooseEngine([cpu, wasm], { ...how, time: grow });
  assert.ok(chosen.ok);
  assert.equal(tf.getBackend(), 'cpu');
  assert.ok(await externalMib() < before + 50);
  chosen.value.rung.dispose();
});
