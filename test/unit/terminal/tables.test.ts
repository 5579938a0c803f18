/** The one-screen answers: `thaw runs`, `thaw doctor`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { engineTable } from '../../../src/terminal/engineTable.ts';
import { paint } from '../../../src/terminal/paint.ts';
import { runLine } from '../../../src/terminal/runLine.ts';
import type { RunId } from '../../../src/protocol/runManifest.ts';
import { aManifest, aShare } from '../../support/runs.ts';

const plain = paint(false);
const id = '20260501-120000-flowers-3fa9c1' as RunId;

test('a run in one line: title, status or what is wrong, result, claim, id', () => {
  assert.equal(runLine(aManifest({ id, status: 'finished', test: aShare, claim: 'helps' }), plain), `flowers  finished  90.0 % of 100  helps  ${id}`);
  assert.equal(runLine(aManifest({ id, status: 'queued' }), plain), `flowers  queued  ${id}`);
  const problem = { code: 'no-folder', severity: 'error', message: 'no\nfolder' } as const;
  assert.equal(runLine(aManifest({ id, title: 'a\u202eb', status: 'failed', problem }), plain), `a\\u202eb  failed: no\\nfolder  ${id}`);
});

test('the engine table marks the one that trains, and says of the others why not', () => {
  assert.equal(engineTable({
    name: 'tensorflow', title: 'TensorFlow 2.21.0', device: 'cpu', threads: 2, node: 'v20.20.0', why: 'fastest', prefix: 'ONNX Runtime 1.30.0, 2 threads',
    tried: [{ name: 'tensorflow', ok: true, stepMs: 12.34 }, { name: 'wasm', ok: true, stepMs: 51 }, { name: 'webgpu', ok: false, why: 'no adapter' }],
  }, plain), `\
TensorFlow 2.21.0 on CPU, 2 threads: fastest
  ✓ tensorflow  12.3 ms per timed step
  · wasm        51.0 ms per timed step
  – webgpu      no adapter

frozen layers  ONNX Runtime 1.30.0, 2 threads
Node           v20.20.0`);
});

test('without ONNX Runtime the frozen layers run on the same engine; advice comes last', () => {
  const table = engineTable({ name: 'wasm', title: 'WebAssembly', device: 'cpu', threads: 1, node: 'v20', why: 'the only one', tried: [], advice: 'thaw engine install' }, plain);
  assert.match(table, /frozen layers {2}the same engine/);
  assert.match(table, /\n\nthaw engine install$/);
});
