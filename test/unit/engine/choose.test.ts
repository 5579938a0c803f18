import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import * as tf from '@tensorflow/tfjs-core';
import { chooseEngine } from '../../../src/engine/choose.ts';
import { portable, type Kernels } from '../../../src/engine/kernels.ts';
import { cpu } from '../../../src/engine/rungs/cpu.ts';
import type { Rung } from '../../../src/engine/rungs/rung.ts';
import { wasm } from '../../../src/engine/rungs/wasm.ts';
import { engineResources as resources } from '../../support/engineResources.ts';

const step = (kernels: Kernels): Promise<void> => sleep(kernels === portable ? 40 : 2);

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
  const chosen = await chooseEngine([cpu, wasm], { resources, step });
  assert.ok(chosen.ok);
  const { facts } = chosen.value;
  assert.equal(facts.name, 'wasm');
  assert.equal(tf.getBackend(), 'wasm');
  assert.match(facts.why, /^fastest of 2 that passed the gradient self-test \(\d+\.\d × cpu\)$/);
  assert.deepEqual(facts.tried.map(({ name, ok }) => [name, ok]), [['cpu', true], ['wasm', true]]);
  assert.ok(facts.tried.every(({ stepMs }) => stepMs! > 0));
  chosen.value.rung.dispose();
});

test('an engine with wrong gradients is out, however fast, and that is a warning', async () => {
  const chosen = await chooseEngine([broken, wasm], { resources, step: () => Promise.resolve() });
  assert.ok(chosen.ok);
  assert.equal(chosen.value.facts.name, 'wasm');
  assert.equal(tf.getBackend(), 'wasm');
  assert.match(chosen.value.facts.tried[0]!.why!, /failed its test: .*/);
  assert.deepEqual(chosen.warnings.map(({ code }) => code), ['engine-fallback']);
  assert.match(chosen.warnings[0]!.message, /training goes on with WebAssembly/);
  chosen.value.rung.dispose();
});

test('an engine that is not installed is no warning, but the advice says how to get it', async () => {
  const chosen = await chooseEngine([missing, wasm], { resources, step });
  assert.ok(chosen.ok);
  assert.deepEqual(chosen.warnings, []);
  assert.match(chosen.value.facts.advice!, /TensorFlow is not installed: run `thaw engine install`.*faster/);
  assert.equal(chosen.value.facts.why, 'the only one here that passed the gradient self-test');
  chosen.value.rung.dispose();
});

test('a pinned engine is the only one tried; it is refused rather than replaced', async () => {
  const pinned = await chooseEngine([missing, wasm, cpu], { resources, step, pinned: 'cpu' });
  assert.ok(pinned.ok);
  assert.deepEqual([pinned.value.facts.name, pinned.value.facts.why, pinned.value.facts.tried.length], ['cpu', 'asked for', 1]);
  const absent = await chooseEngine([missing, wasm], { resources, step, pinned: 'tensorflow' });
  assert.ok(!absent.ok);
  assert.deepEqual(absent.errors.map(({ code }) => code), ['engine-missing']);
  const unknown = await chooseEngine([wasm], { resources, step, pinned: 'webgpu' });
  assert.ok(!unknown.ok);
  assert.match(unknown.errors[0]!.message, /no engine "webgpu"/);
});

test('when no engine works, every reason is given', async () => {
  const chosen = await chooseEngine([missing, { ...broken, name: 'webgpu' }], { resources, step });
  assert.ok(!chosen.ok);
  assert.deepEqual(chosen.errors.map(({ code }) => code), ['engine-missing', 'engine-failed']);
});
