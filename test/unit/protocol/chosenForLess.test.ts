import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chosenForLess } from '../../../src/protocol/chosenForLess.ts';
import type { EngineFacts } from '../../../src/protocol/runEvent.ts';

const facts = (changes: Partial<EngineFacts>): EngineFacts => ({
  name: 'wasm', title: 'WebAssembly', device: 'cpu', threads: 1, node: 'v20', why: '', timed: 'head of efficientnet_lite0, 32 samples',
  tried: [{ name: 'tensorflow', title: 'TensorFlow 2.21.0', ok: true, stepMs: 3 }, { name: 'webgpu', ok: false }, { name: 'wasm', ok: true, stepMs: 2 }], ...changes,
});

test('a run on WebAssembly is told of a faster engine before its layers thaw; one on the faster engine, with no other, or that asked for it is not', () => {
  assert.match(chosenForLess(facts({})) ?? '', /stays on WebAssembly, the fastest here for head of efficientnet_lite0, 32 samples; .* 8 × faster, on TensorFlow 2\.21\.0/);
  assert.equal(chosenForLess(facts({ name: 'tensorflow' })), undefined);
  assert.equal(chosenForLess(facts({ tried: [{ name: 'tensorflow', ok: false }, { name: 'wasm', ok: true }] })), undefined);
  assert.equal(chosenForLess(facts({ tried: [{ name: 'wasm', ok: true }] })), undefined);
});
