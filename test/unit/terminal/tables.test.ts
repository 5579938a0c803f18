/** The one-screen answers: `thaw runs`, `thaw doctor`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareTable } from '../../../src/terminal/compareTable.ts';
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

test('two runs side by side: results, values that differ, and whether they were tested on the same photos', () => {
  const [one, other] = [aManifest({ id, status: 'finished', test: aShare, dataFingerprint: 'a', createdAt: '2026-05-01T12:00:00.000Z', endedAt: '2026-05-01T12:01:05.000Z' }), aManifest({ id, title: 'roses', status: 'failed', dataFingerprint: 'b' })];
  assert.equal(compareTable([one, other], [{ path: 'stages.0.rate', left: '0.001', right: '0.003' }, { path: 'stages.1.name', left: undefined, right: 'thaw' }], plain), `\
flowers and roses
  run              ${id}        ${id}
  status           finished                              failed
  test accuracy    90.0 % (80.0 % – 95.0 %, 100 photos)  –
  best validation  –                                     –
  transfer         –                                     –
  engine           –                                     –
  took             1:05                                  –

2 values differ
  stages.0.rate    0.001                                 0.003
  stages.1.name    –                                     thaw

They were not tested on the same photos: their accuracies are not comparable item by item.`);
  assert.match(compareTable([one, one], [], plain), /\nThe plans are the same\.$/);
});

test('the engine table marks the one that trains, and says of the others why not', () => {
  assert.equal(engineTable({
    name: 'tensorflow', title: 'TensorFlow 2.21.0', device: 'cpu', threads: 2, node: 'v20.20.0', why: 'fastest', prefix: 'ONNX Runtime 1.30.0, 2 threads',
    tried: [
      { name: 'tensorflow', title: 'TensorFlow 2.21.0', ok: true, stepMs: 12.34 }, { name: 'webgpu', ok: false, why: 'no adapter' },
      { name: 'wasm', title: 'WebAssembly (tfjs 4.22.0)', ok: true, stepMs: 151 },
    ],
    timed: 'blocks.5 to head of efficientnet_lite0, 8 samples',
    machine: {
      processor: 'AMD EPYC', cores: 2, memoryBytes: 24 * 2 ** 30, freeBytes: 20 * 2 ** 30,
      gpus: [{ name: 'NVIDIA L4', memoryBytes: 23034 * 2 ** 20, driver: '550.54.14' }, { name: 'AMD graphics (1002:744c)' }],
      cuda: { usable: false, seen: 'driver 550.54.14, but TensorFlow is not installed', fix: 'run `thaw engine install`' },
    },
  }, plain), `\
TensorFlow 2.21.0 on CPU, 2 threads: fastest
  ✓ tensorflow     12.3 ms a step  TensorFlow 2.21.0
  – webgpu      no adapter
  · wasm          151.0 ms a step  WebAssembly (tfjs 4.22.0)

step           blocks.5 to head of efficientnet_lite0, 8 samples
frozen layers  ONNX Runtime 1.30.0, 2 threads
processor      AMD EPYC, 2 cores
memory         24.0 GiB, 20.0 GiB of it free
graphics       NVIDIA L4, 22.5 GiB, driver 550.54.14; AMD graphics (1002:744c)
CUDA           driver 550.54.14, but TensorFlow is not installed: run \`thaw engine install\`
Node           v20.20.0`);
});

test('a machine without a GPU says so, and nothing of CUDA', () => {
  const table = engineTable({
    name: 'wasm', title: 'WebAssembly', device: 'cpu', threads: 1, node: 'v20', why: 'the only one', tried: [],
    machine: { processor: 'x', cores: 1, memoryBytes: 2 ** 30, freeBytes: 2 ** 29, gpus: [] },
  }, plain);
  assert.match(table, /^processor {6}x, 1 core\n.*\ngraphics {7}no GPU was found\nNode/m);
  assert.doesNotMatch(table, /CUDA/);
});

test('without ONNX Runtime the frozen layers run on the same engine; advice comes last', () => {
  const table = engineTable({ name: 'wasm', title: 'WebAssembly', device: 'cpu', threads: 1, node: 'v20', why: 'the only one', tried: [], advice: 'thaw engine install' }, plain);
  assert.match(table, /frozen layers {2}the same engine/);
  assert.match(table, /\n\nthaw engine install$/);
});
