import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addStage, probeFirst } from '../../../src/experiment/addStage.ts';
import { applyEdits } from '../../../src/experiment/edit.ts';
import { bundledBackbones } from '../../../src/backbones/backbones.ts';
import { resolveExperiment } from '../../../src/experiment/resolve.ts';

const head = 'thaw: 1\ndata: { folder: x }\n';
function added(text: string, after: number, edits = addStage(text, after)): string {
  assert.ok(edits.ok, edits.ok ? '' : edits.errors[0]?.message);
  assert.equal(edits.value.length, 1, 'one edit, one undo');
  return applyEdits(text, edits.value);
}

test('behind a probe it is LP-FT, at a tenth of the rate; comments and layout stay, in lists of every style', () => {
  const cases = [
    ['stages:\n  - name: probe # first\n    train: [head]\n    rate: 3e-3  # fast\n# last words\n', 'stages:\n  - name: probe # first\n    train: [head]\n    rate: 3e-3  # fast\n  - { name: fine-tune, train: [all], epochs: 15, rate: 3e-4, layerDecay: 0.75 }\n# last words\n'],
    ['stages:\n- { train: [head], rate: 3e-3 }\nbatch: 8\n', 'stages:\n- { train: [head], rate: 3e-3 }\n- { name: fine-tune, train: [all], epochs: 15, rate: 3e-4, layerDecay: 0.75 }\nbatch: 8\n'],
    ['stages: [{ train: [head], rate: 3e-3 }] # one line\n', 'stages: [{ train: [head], rate: 3e-3 }, { name: fine-tune, train: [all], epochs: 15, rate: 3e-4, layerDecay: 0.75 }] # one line\n'],
    ['stages:\r\n  - train:\r\n      - head\r\n    rate: 3e-3\r\n', 'stages:\r\n  - train:\r\n      - head\r\n    rate: 3e-3\r\n  - { name: fine-tune, train: [all], epochs: 15, rate: 3e-4, layerDecay: 0.75 }\r\n'],
    ['stages:\n  - rate: 3e-3', 'stages:\n  - rate: 3e-3\n  - { name: fine-tune, train: [all], epochs: 15, rate: 3e-4, layerDecay: 0.75 }'],
  ] as const;
  for (const [before, after] of cases) assert.equal(added(head + before, 0), head + after);
});

test('it stands behind the stage that is meant, with a name of its own, and the file resolves with one stage more', () => {
  const text = added(added(`${head}stages:\n  - { name: probe, rate: 3e-3 }\n  - { name: last, train: [all], rate: 1e-5 }\n`, 0), 1);
  const resolved = resolveExperiment(text, { file: 'x.thaw.yaml', folderOf: (folder) => folder, backbones: bundledBackbones });
  assert.ok(resolved.ok);
  assert.deepEqual(resolved.value.plan.stages.map(({ name, rate }) => [name, rate]), [['probe', 3e-3], ['fine-tune', 3e-4], ['fine-tune 2', 3e-5], ['last', 1e-5]]);
});

test('a file without stages gets its default one written out, and the new one', () => {
  const text = added(head, 0);
  assert.match(text, /^stages: \[\{ train: \[head\] \}, \{ name: fine-tune, train: \[all\], epochs: 15, rate: 1e-4, layerDecay: 0\.75 \}\]$/m);
});

test('a probe can stand before all stages, in lists of every style; comments stay', () => {
  const cases = [
    ['stages:\n  # gently\n  - name: probe # first\n    train: [all]\n    rate: 1e-4\n', 'stages:\n  # gently\n  - { name: probe 2, train: [head], epochs: 30, rate: 1e-3 }\n  - name: probe # first\n    train: [all]\n    rate: 1e-4\n'],
    ['stages: [{ train: [all] }] # one line\n', 'stages: [{ name: probe, train: [head], epochs: 30, rate: 1e-3 }, { train: [all] }] # one line\n'],
    ['stages:\r\n- train:\r\n    - all\r\n', 'stages:\r\n- { name: probe, train: [head], epochs: 30, rate: 1e-3 }\r\n- train:\r\n    - all\r\n'],
    ['', 'stages: [{ name: probe, train: [head], epochs: 30, rate: 1e-3 }, { train: [head] }]\n'],
  ] as const;
  for (const [before, after] of cases) assert.equal(added(head + before, 0, probeFirst(head + before)), head + after);
});

test('a broken file is not edited, nor is a stage added behind one that is not there', () => {
  assert.equal(addStage('thaw: [', 0).ok, false);
  const none = addStage(`${head}stages: [{}]\n`, 3);
  assert.ok(!none.ok && /there is no/.test(none.errors[0]!.message));
});
