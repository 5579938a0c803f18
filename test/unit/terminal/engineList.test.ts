import assert from 'node:assert/strict';
import { test } from 'node:test';
import { engineList } from '../../../src/terminal/engineList.ts';
import { installLine } from '../../../src/terminal/installLine.ts';
import { paint } from '../../../src/terminal/paint.ts';

const plain = paint(false), MiB = 2 ** 20;

test('an install is one line: a bar, bytes, rate and time left, as far as they are known', () => {
  assert.equal(installLine({ activity: 'fetching', doneBytes: 125 * MiB, totalBytes: 250 * MiB, bytesPerSecond: 12.3 * MiB, leftMs: 10_200 }, plain),
    'fetching  ━━━━━━━━━━━━────────────  50 %  125 MiB of 250 MiB · 12.3 MiB/s · 10 s left');
  assert.equal(installLine({ activity: 'unpacking', doneBytes: 0, totalBytes: 250 * MiB }, plain), 'unpacking ────────────────────────   0 %  0 B of 250 MiB');
  assert.equal(installLine({ activity: 'unpacking', doneBytes: MiB, totalBytes: MiB, bytesPerSecond: MiB, leftMs: 0 }, plain), 'unpacking ━━━━━━━━━━━━━━━━━━━━━━━━ 100 %  1.0 MiB of 1.0 MiB · 1.0 MiB/s');
});

test('installed engines are listed with size, state and place', () => {
  const engine = { name: 'x', tensorflow: '2.21.0', platform: 'linux-x64', cuda: true, sizeBytes: 5 * 1024 * MiB, folder: '/c/engine/x', state: 'used' } as const;
  assert.equal(engineList([engine, { ...engine, tensorflow: '2.18.0', cuda: false, state: 'damaged' }], 300 * MiB, plain), [
    'TensorFlow 2.21.0 linux-x64 with CUDA · 5.0 GiB · in use', '  /c/engine/x',
    'TensorFlow 2.18.0 linux-x64 · 5.0 GiB · damaged: `thaw engine install` mends it', '  /c/engine/x',
    '300 MiB of an interrupted install: `thaw engine install` goes on with it, `thaw engine remove` frees it',
  ].join('\n'));
  assert.equal(engineList([], 0, plain), 'no native engine is installed: `thaw engine install` fetches TensorFlow');
});
