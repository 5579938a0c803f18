import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyEdits } from '../../../src/experiment/edit.ts';
import { setValues, type Setting } from '../../../src/experiment/setValue.ts';

function edited(text: string, ...settings: readonly (readonly [path: string, value: string])[]): string {
  const edits = setValues(text, settings.map(([path, value]): Setting => ({ path, value })));
  assert.ok(edits.ok, edits.ok ? '' : edits.errors[0]?.message);
  return applyEdits(text, edits.value);
}

const head = 'thaw: 1\ndata: { folder: x }\n';
const examples: readonly (readonly [what: string, before: string, settings: readonly (readonly [string, string])[], after: string])[] = [
  ['a value is replaced, its comment stays', 'stages:\n  - train: [head]\n    rate: 1e-3 # high', [['stages.0.rate', '3e-4']], 'stages:\n  - train: [head]\n    rate: 3e-4 # high'],
  ['a value in a flow map', 'stages: [{ train: [head], rate: 1e-3 }]', [['stages.0.rate', '3e-4']], 'stages: [{ train: [head], rate: 3e-4 }]'],
  ['a list is replaced whole', 'stages: [{ train: [head] }]', [['stages.0.train', '[blocks.6, head]']], 'stages: [{ train: [blocks.6, head] }]'],
  ['a block list becomes one in a line', 'stages:\n  - train:\n      - head\n    epochs: 3', [['stages.0.train', '[blocks.6, head]']], 'stages:\n  - train:\n      [blocks.6, head]\n    epochs: 3'],
  ['a key that is not there comes where the schema has it', 'stages:\n  - train: [head]\n    epochs: 3\n    schedule: constant', [['stages.0.layerDecay', '0.75']], 'stages:\n  - train: [head]\n    epochs: 3\n    layerDecay: 0.75\n    schedule: constant'],
  ['a key joins a flow map in the schema’s order', 'stages: [{ train: [head], augment: none }]', [['stages.0.batchNorm', 'batch']], 'stages: [{ train: [head], batchNorm: batch, augment: none }]'],
  ['a key joins a block map before what follows it', 'stages:\n  - train: [head] # one\n  - name: b # two\nbatch: 8', [['stages.1.batchNorm', 'batch']], 'stages:\n  - train: [head] # one\n  - name: b # two\n    batchNorm: batch\nbatch: 8'],
  ['a backbone from a hub', 'backbone: efficientnet_lite0 # small', [['backbone', 'hf:timm/resnet50.a1_in1k']], 'backbone: hf:timm/resnet50.a1_in1k # small'],
  ['stages that are not there', 'batch: 8', [['stages.0.rate', '3e-4']], 'stages: [{ rate: 3e-4 }]\nbatch: 8'],
  ['several at once, in a map that is not there', 'batch: 8', [['data.split.train', '45%'], ['data.split.test', '40%']], 'batch: 8'],
];
for (const [what, before, settings, after] of examples) {
  test(what, () => assert.equal(edited(head + before, ...settings), (what.startsWith('several') ? head.replace('folder: x', 'folder: x, split: { train: 45%, test: 40% }') : head) + after));
}

test('what stands there already is not written again', () => {
  const edits = setValues(`${head}batch: 8`, [{ path: 'batch', value: '8' }]);
  assert.deepEqual(edits, { ok: true, value: [], warnings: [] });
});

const refusals: readonly (readonly [what: string, text: string, setting: Setting, code: string])[] = [
  ['a value that may not stand there', head, { path: 'batch', value: 'many' }, 'wrong-type'],
  ['a key that there is not', head, { path: 'btach', value: '8' }, 'unknown-key'],
  ['a map', head, { path: 'data.split', value: '{}' }, 'unknown-key'],
  ['a stage that there is not', `${head}stages: [{}]`, { path: 'stages.1.rate', value: '1e-3' }, 'missing-key'],
  ['a file that does not parse', 'thaw: 1\n  data:', { path: 'batch', value: '8' }, 'yaml-syntax'],
];
for (const [what, text, setting, code] of refusals) {
  test(`${what} is refused, and nothing is edited`, () => {
    const edits = setValues(text, [setting]);
    assert.equal(edits.ok ? 'edited' : edits.errors[0]?.code, code);
  });
}
