import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bundledBackbones } from '../../../src/backbones/backbones.ts';
import { completeAt } from '../../../src/experiment/completion.ts';
import type { Completion, Completions } from '../../../src/experiment/completion.ts';
import { applyEdits } from '../../../src/experiment/edit.ts';
import { parseExperiment } from '../../../src/experiment/parse.ts';

const lookUp = { backbones: bundledBackbones, folderOf: (written: string): string => written };

/** What is offered at `▮`. */
function at(marked: string): Completions | undefined {
  const before = marked.slice(0, marked.indexOf('▮')).split('\n');
  return completeAt(marked.replace('▮', ''), { line: before.length - 1, character: before.at(-1)!.length }, lookUp);
}
const labelsAt = (marked: string): readonly string[] => at(marked)?.items.map(({ label }) => label) ?? [];

/** The text after the item of that label was accepted, and every place to type at left as it is. */
function accepted(marked: string, label: string): string {
  const found = at(marked), item: Completion | undefined = found?.items.find((each) => each.label === label);
  assert.ok(found && item, `${label} among ${labelsAt(marked).join(', ')}`);
  const newText = item.snippet.replace(/\$\{\d\|((?:\\.|[^,|])*)[^}]*\}/g, '$1').replace(/\$\{\d:((?:\\.|[^}])*)\}/g, '$1').replace(/\$\d/g, '').replace(/\\([\\$},|])/g, '$1');
  return applyEdits(marked.replace('▮', ''), [{ range: found.word, newText }]);
}

const stageKeys = ['train', 'epochs', 'steps', 'rate', 'layerDecay', 'schedule', 'warmup', 'batchNorm', 'augment', 'regularize', 'wiseFt'];
const has = (labels: readonly string[], expected: readonly string[]): void => {
  for (const label of expected) assert.ok(labels.includes(label), `${label} among ${labels.join(', ')}`);
};

const completions: readonly (readonly [what: string, marked: string, offered: readonly string[], not?: readonly string[]])[] = [
  ['keys of the file that are not there yet, on an empty line', 'thaw: 1\nseed: 1\n▮\nbatch: 3\n', ['task', 'data', 'backbone', 'stages', 'stop', 'controls'], ['thaw', 'seed', 'batch']],
  ['keys of an unfinished word', 'thaw: 1\nst▮', ['stages', 'stop'], ['thaw']],
  ['keys of a map on one line', 'stop: { ▮ }', ['patience', 'metric']],
  ['keys of a map on one line that is not closed', 'stop: { patience: 3, ▮\nbatch: 3\n', ['metric'], ['patience']],
  ['keys of a map below its key', 'stop:\n  ▮\nbatch: 3\n', ['patience', 'metric']],
  ['keys of a stage', 'stages:\n  - name: a\n    ▮\n', stageKeys, ['name']],
  ['keys of a stage between others', 'stages:\n  - name: a\n    ▮\n    rate: 1\n  - name: b\n', ['epochs'], ['name', 'rate']],
  ['keys of a new stage behind its dash', 'stages:\n  - name: a\n  - ▮', ['name', ...stageKeys]],
  ['keys of a stage in braces', 'stages:\n  - { name: a, ▮ }\n', stageKeys, ['name']],
  ['keys in a file that is broken above', 'thaw: 1\ndata: [\nstages:\n  - name: a\n    ▮\n', stageKeys, ['name']],
  ['keys below a line that is half typed', 'stages:\n  - name: a\n    rate\n    ▮\nbatch: 3\n', stageKeys, ['name']],
  ['a new stage at the column of the dashes', 'stages:\n  - name: a\n  ▮\n', ['- name: …']],
  ['a new stage below an empty key', 'stages:\n  ▮\n', ['- name: …']],
  ['values of a choice', 'stages:\n  - schedule: ▮\n', ['cosine', 'constant']],
  ['values of a choice in a broken file', 'data: {\nstages:\n  - name: x\n    schedule: co▮\n', ['cosine', 'constant']],
  ['items of a list that are not in it yet', 'controls: [knn, ▮]', ['blind', 'scratch'], ['knn']],
  ['items of a block list', 'controls:\n  - knn\n  - ▮', ['blind', 'linear-probe', 'random-features', 'scratch'], ['knn']],
  ['items of a list over several lines', 'controls: [\n  knn,\n  ▮\n]', ['blind', 'linear-probe', 'random-features', 'scratch']],
  ['a whole list where it has no brackets yet', 'controls: ▮\n', ['blind', 'knn', 'linear-probe', 'random-features', 'scratch']],
  ['backbones', 'backbone: eff▮', ['efficientnet_lite0', 'resnet20_cifar10']],
  ['words that stand in place of a number', 'stages:\n  - wiseFt: ▮\n', ['off', 'auto']],
  ['words that stand in place of a list', 'stages:\n  - augment: ▮\n', ['none', 'flip', 'light', 'strong'], ['crop']],
  ['items of a list that may be a word', 'stages:\n  - augment: [▮]\n', ['crop', 'flip', 'rotate', 'color', 'grey', 'erase'], ['light']],
  ['keys of a map within a stage', 'stages:\n  - regularize: { ▮ }\n', ['l2sp', 'delta', 'bss', 'lwf']],
  ['the default of a number', 'batch: ▮', ['32']],
  ['sizes that the backbone can be fed with', 'backbone: hf:timm/vit_small_patch14_dinov2.lvd142m\ninputSize: ▮', ['auto', '112', '224'], ['256', '518']],
  ['the default of a share, in percent', 'stages: [{ warmup: ▮ }]', ['10%']],
  ['blocks of the network, everything, and a wildcard', 'stages:\n  - train: [▮]\n', ['all', 'head', 'blocks.6', 'conv_head', 'blocks.*'], ['blocks.6.0']],
  ['what a block holds, after its dot', 'stages:\n  - train: [head, blocks.5.▮]\n', ['blocks.5.0', 'blocks.5.3', 'blocks.5.*'], ['blocks.6', 'head']],
  ['layers, further down', 'stages:\n  - train:\n      - head\n      - blocks.5.0.▮\n', ['blocks.5.0.conv_pw', 'blocks.5.0.bn1'], ['blocks.5.1']],
  ['what any of several blocks holds, below a wildcard', 'stages:\n  - { train: [blocks.*.▮] }\n', ['blocks.*.0', 'blocks.*.3', 'blocks.*.*']],
  ['layers of the backbone that the file names, wherever that stands', 'stages:\n  - train: [layer4.▮]\nbackbone: "hf:timm/resnet50.a1_in1k"\n', ['layer4.0', 'layer4.2'], ['blocks.6']],
  ['blocks after which the backbone can end', 'features: ▮\n', ['last', 'stem', 'blocks.4', 'blocks.6'], ['head', 'conv_head', 'blocks.4.2']],
  ['parts of a block after which it can, too', 'features: blocks.4.▮\n', ['last', 'blocks.4', 'blocks.4.2'], ['blocks.4.2.conv_pw']],
  ['blocks of transformers, from the first that attends', 'backbone: hf:timm/vit_small_patch14_dinov2.lvd142m\nfeatures: ▮', ['last', 'blocks.0', 'blocks.10'], ['patch_embed', 'blocks.11', 'norm']],
  ['layers up to where the backbone ends', 'features: blocks.4\nstages:\n  - train: [▮]\n', ['all', 'head', 'blocks.4'], ['blocks.5', 'conv_head']],
  ['layers within quotes', 'stages:\n  - train: ["blocks.5.▮"]\n', ['blocks.5.0']],
];
for (const [what, marked, offered, not = []] of completions) {
  test(`completion offers ${what}`, () => {
    const labels = labelsAt(marked);
    has(labels, offered);
    assert.deepEqual(labels.filter((label) => not.includes(label)), []);
  });
}

test('nothing is offered in a comment, after the end of a value, or where no key is known', () => {
  for (const marked of ['thaw: 1 # ▮', '# ▮', 'batch: 3 ▮', 'wrong: ▮', 'stages: [{ wrong: ▮ }]']) assert.deepEqual(labelsAt(marked), [], marked);
});

const acceptances: readonly (readonly [what: string, marked: string, label: string, after: string])[] = [
  ['a key comes with its default', 'stages:\n  - name: a\n    ep▮\n', 'epochs', 'stages:\n  - name: a\n    epochs: 30\n'],
  ['a choice comes with its first option', 'stages:\n  - { name: a, ▮ }\n', 'batchNorm', 'stages:\n  - { name: a, batchNorm: stored }\n'],
  ['a map begins below its key, further in', 'thaw: 1\n▮\n', 'stop', 'thaw: 1\nstop:\n  \n'],
  ['a map within braces stays there', 'data: { folder: x, ▮ }', 'split', 'data: { folder: x, split: {  } }'],
  ['a list of stages begins with a dash', 'thaw: 1\nsta▮', 'stages', 'thaw: 1\nstages:\n  - '],
  ['a list of words has its brackets', 'stages:\n  - tr▮', 'train', 'stages:\n  - train: [head]'],
  ['a bare value of a list gets brackets', 'controls: ▮', 'knn', 'controls: [knn]'],
  ['a new stage has its keys under each other', 'stages:\n  - name: a\n  ▮\n', '- name: …', 'stages:\n  - name: a\n  - name: name\n    train: [head]\n'],
  ['a layer replaces the whole word, dots and all', 'stages:\n  - train: [head, blocks.5.x▮]\n', 'blocks.5.0', 'stages:\n  - train: [head, blocks.5.0]\n'],
];
for (const [what, marked, label, after] of acceptances) test(`when accepted, ${what}`, () => assert.equal(accepted(marked, label), after));

test('every key that completion offers in an empty stage makes a sound file', () => {
  const head = 'thaw: 1\ndata: { folder: x }\n';
  for (const label of labelsAt(`${head}stages:\n  - ▮`)) {
    const text = accepted(`${head}stages:\n  - ▮`, label), parsed = parseExperiment(label === 'name' ? `${text}x` : label === 'regularize' ? `${text}l2sp: 1` : text, '');
    assert.ok(parsed.ok, `${text}: ${parsed.ok ? '' : parsed.errors[0]!.message}`);
  }
});

test('a folder that is being written is left to whoever has a disk', () => {
  assert.equal(at('data: { folder: ../pho▮ }')?.folder, '../pho');
  assert.deepEqual([at('data: { manifest: lab▮ }')?.folder, at('data: { manifest: lab▮ }')?.manifests], ['lab', true]);
  assert.equal(at('backbone: ./my▮')?.folder, './my');
  assert.equal(at('backbone: res▮')?.folder, undefined);
});
