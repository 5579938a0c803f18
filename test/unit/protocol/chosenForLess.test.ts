import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chosenForLess } from '../../../src/protocol/chosenForLess.ts';
import type { EngineFacts } from '../../../src/protocol/runEvent.ts';

const facts = (changes: Partial<EngineFacts>): EngineFacts => ({
  name: 'wasm', title: 'WebAssembly', device: 'cpu', threads: 1, node: 'v20', why: '', timed: 'head of efficientnet_lite0, 32 samples',
  tried: [{ name: 'tensorflow', title: 'TensorFlow 2.21.0', ok: true, stepMs: 3 }, { name: 'webgpu', ok: false }, { name: 'wasm', ok: true, stepMs: 2 }], ...changes,
});

test('a run on WebAssembly is told of a faster engine before its layers thaw; one on the faster engine, with no other, or that asked for it is not', () => {
  assert.match(chosenForLess(facts({})) ?? '', /stays on WebAssembly, the fastest here for head of efficientnet_lite0, 32 samples; .* 6 × faster, on TensorFlow 2\.21\.0/);
  assert.equal(chosenForLess(facts({ name: 'tensorflow' })), undefined);
  assert.equal(chosenForLess(facts({ tried: [{ name: 'tensorflow', ok: false }, { name: 'wasm', ok: true }] })), undefined);
  const alone = { tried: [{ name: 'wasm', ok: true }] } as const, machine = { processor: '', cores: 4, memoryBytes: 0, freeBytes: 0, gpus: [] };
  assert.equal(chosenForLess(facts(alone)), undefined);
  assert.match(chosenForLess(facts({ ...alone, machine })) ?? '', /stays on one thread, enough for head of .*; a run that begins with these layers trains them on more/);
  assert.equal(chosenForLess(facts({ ...alone, machine, threads: 4 })), undefined);
});
