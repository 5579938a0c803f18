import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bundledBackbones } from '../../../src/backbones/backbones.ts';
import { rng } from '../../../src/base/rng.ts';
import { completeAt, hoverOf, outlineOf } from '../../../src/experiment/outline.ts';

const text = `thaw: 1
data: { folder: x }
stages:
  - name: probe
    rate: 1e-3
  - { train: [head] }
stop: { patience: 3 }
`;

test('the outline has the head of the file and each stage with its name', () => {
  const { head, stages } = outlineOf(text);
  assert.deepEqual(head, { start: { line: 0, character: 0 }, end: { line: 0, character: 4 } });
  assert.deepEqual(stages.map(({ name, range }) => [name, range.start.line]), [['probe', 3], ['stage 2', 5]]);
});

test('a hover says what a key is for, what may stand there, and its default', () => {
  const hover = hoverOf(text, { line: 4, character: 6 });
  assert.deepEqual(hover?.range, { start: { line: 4, character: 4 }, end: { line: 4, character: 8 } });
  assert.deepEqual(hover.lines, ['Peak learning rate of the head.', 'a number, 1e-8 to 1; default 0.001']);
  assert.ok(hoverOf('thaw: 1\nstop: { metric: x }', { line: 1, character: 9 })?.lines.some((line) => line.startsWith('validation.loss: ')));
  assert.equal(hoverOf(text, { line: 4, character: 12 }), undefined);
});

const lookUp = { backbones: bundledBackbones, folderOf: (written: string): string => written };

/** Labels at `▮`. */
const labelsAt = (marked: string): readonly string[] => {
  const before = marked.slice(0, marked.indexOf('▮')).split('\n');
  return completeAt(marked.replace('▮', ''), { line: before.length - 1, character: before.at(-1)!.length }, lookUp).map(({ label }) => label);
};

const completions: readonly (readonly [what: string, marked: string, expected: readonly string[]])[] = [
  ['keys of the file that are not there yet, on an empty line', 'thaw: 1\nseed: 1\n▮\nbatch: 3\n', ['task', 'data', 'backbone', 'stages', 'stop', 'controls', 'scratchBudget', 'seeds', 'variants', 'budget']],
  ['keys of an unfinished word', 'thaw: 1\nst▮', ['task', 'data', 'backbone', 'stages', 'batch', 'stop', 'controls', 'scratchBudget', 'seed', 'seeds', 'variants', 'budget']],
  ['keys of a map on one line', 'stop: { ▮ }', ['patience', 'metric', 'minImprovement']],
  ['keys of a stage', 'stages:\n  - name: a\n    rate: 1\n    train: [head]\n    epochs: 3\n    ▮\n', ['steps', 'leaveAfter', 'optimizer', 'momentum', 'layerDecay', 'schedule', 'power', 'warmup', 'weightDecay', 'clip', 'accumulate', 'batchNorm', 'dropout', 'dropPath', 'loss', 'gamma', 'labelSmoothing', 'classBalance', 'mixup', 'cutmix', 'augment', 'views', 'regularize', 'ema', 'wiseFt']],
  ['values of a choice', 'stages:\n  - schedule: ▮\n', ['cosine', 'constant', 'step', 'polynomial', 'one-cycle']],
  ['items of a list', 'controls: [▮]', ['blind', 'knn', 'linear-probe', 'random-features', 'scratch']],
  ['items of a block list', 'controls:\n  - knn\n  - ▮', ['blind', 'knn', 'linear-probe', 'random-features', 'scratch']],
  ['items of a list over several lines', 'controls: [\n  knn,\n  ▮\n]', ['blind', 'knn', 'linear-probe', 'random-features', 'scratch']],
  ['backbones', 'backbone: eff▮', ['efficientnet_lite0', 'resnet20_cifar10']],
  ['words that stand in place of a number', 'stages:\n  - wiseFt: ▮\n', ['off', 'auto']],
  ['words that stand in place of a list', 'stages:\n  - augment: ▮\n', ['none', 'flip', 'light', 'strong']],
  ['items of a list that may be a word', 'stages:\n  - augment: [▮]\n', ['crop', 'flip', 'rotate', 'color', 'grey', 'erase']],
  ['keys of a map within a stage', 'stages:\n  - regularize: { ▮ }\n', ['l2sp', 'delta', 'bss', 'lwf']],
  ['the default of a number', 'batch: ▮', ['32']],
];
for (const [what, marked, expected] of completions) {
  test(`completion offers ${what}`, () => assert.deepEqual(labelsAt(marked), expected));
}

test('patterns are completed from the layers of the network', () => {
  const labels = labelsAt('stages:\n  - train: [head, blocks.▮]\n');
  for (const name of ['all', 'head', 'blocks.6', 'blocks.5.0', 'blocks.5.0.conv_pw']) assert.ok(labels.includes(name), name);
});

test('nothing is offered in a comment or after the end of a value, and no text makes it throw', () => {
  assert.deepEqual(labelsAt('thaw: 1 # ▮'), []);
  const random = rng(7, 'completion'), pieces = ['thaw: 1\n', 'stages:', '\n  - ', '{', '[', ']', '}', 'train: ', ', ', '"', "'", '|\n', '\n', '    ', 'rate:', '# ', '? '];
  for (let i = 0; i < 2000; i++) {
    const garbage = Array.from({ length: random.int(12) }, () => pieces[random.int(pieces.length)]!).join('');
    const lines = garbage.split('\n'), line = random.int(lines.length);
    completeAt(garbage, { line, character: random.int(lines[line]!.length + 1) }, lookUp);
    hoverOf(garbage, { line, character: 0 });
    outlineOf(garbage);
  }
});
