import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bundledBackbones } from '../../../src/backbones/backbones.ts';
import { fieldCosts } from '../../../src/experiment/fieldCost.ts';
import { hoverAt } from '../../../src/experiment/hover.ts';
import type { Hover, Seen } from '../../../src/experiment/hover.ts';
import { readExperiment } from '../../../src/experiment/parse.ts';
import { resolveRead } from '../../../src/experiment/resolve.ts';
import { fieldAt } from '../../../src/experiment/schema.ts';

const text = `thaw: 1
data: { folder: x }
backbone: efficientnet_lite0
stages:
  - name: probe
    rate: 1e-2
  - { name: thaw, train: [head, "blocks.6"], rate: 1e-3, schedule: constant }
stop: { patience: 3 }
`;

function over(word: string, body = text, seen: Partial<Seen> = {}): Hover | undefined {
  const lines = body.slice(0, body.indexOf(word) + 1).split('\n'), read = readExperiment(body, 'f');
  const checked = resolveRead(read, { file: 'f', folderOf: (written) => written, backbones: bundledBackbones });
  return hoverAt({ read, checked, ...seen }, { line: lines.length - 1, character: lines.at(-1)!.length });
}

const said: readonly (readonly [what: string, word: string, lines: readonly (string | RegExp)[]])[] = [
  ['a key: what it is for, what may stand there, its default, and the value in force with where it comes from', 'rate', ['Peak learning rate of the head.', 'a number, 1e-8 to 1; default 0.001', 'In force: 0.01 (file).']],
  ['the key of a map: what is in force below it', 'stop', [/^When a stage ends early/, /./, /^In force: patience 3 \(file\); metric validation\.loss, .*\(default\)\.$/]],
  ['a choice: what each option means, and which is the default', 'schedule', [/./, 'cosine: falls to 0 along half a cosine (default)', 'constant: stays at its peak', /^step: /, /^polynomial: /, /^one-cycle: /, 'In force: constant (file).']],
  ['an option: what it means', 'constant', ['constant: stays at its peak']],
  ['a stage’s name: what is in force in it', 'probe', [/^In force: name probe, rate 0\.01 \(file\); train \[head\], .*epochs 30, .* \(default\)\.$/]],
  ['a pattern: how much it names, which layers, and what training them costs', 'blocks.6', [/^blocks\.6: 6 layers, 0\.7|^blocks\.6: \d+ layers, .* parameters, \d+ % of the network\./, /^blocks\.6\.0\.conv_pw, blocks\.6\.0\.bn1, /, /parameters train \(\d+ %\); a step does \d+ % of the arithmetic of training everything; frozen up to blocks\.5\..*of cache for each view/, 'In “thaw”.']],
  ['the head: that it is new', 'head', ['head: the new classifier, one output per class.', /./, 'In “thaw”.']],
  ['a backbone: its card', 'efficientnet', [/4\.7 M parameters, 9\.1 MiB on disk/, /^Licence: Apache-2\.0\. From Google/, /224 × 224 px/]],
];
for (const [what, word, lines] of said) {
  test(`a hover over ${what}`, () => {
    const hover = over(word);
    assert.ok(hover);
    assert.equal(hover.lines.length, lines.length, hover.lines.join('\n'));
    lines.forEach((line, i) => typeof line === 'string' ? assert.equal(hover.lines[i], line) : assert.match(hover.lines[i]!, line));
  });
}

test('a hover over an earlier block says what the head sees and what is left out; costs and layers are those of what is left', () => {
  const cut = text.replace('stages:', 'features: blocks.4\nstages:').replace('"blocks.6"', 'blocks.4');
  assert.match(over('blocks.4', cut)!.lines.join(), /^blocks\.4: 112 features in place of 1,280; left out are \d\d % of the parameters and \d\d % of the arithmetic\.$/);
  assert.ok(over('features', cut)!.lines.includes('In force: blocks.4 (file).'));
  assert.match(over('efficientnet', cut)!.lines.join(), /4\.7 M parameters.* 1280 features/, 'the card is of the backbone as it came');
  const trained = (body: string): number => Number(/of ([\d.]+) (?:k|M) parameters train/.exec(over('train', body)!.lines.join())![1]);
  assert.ok(trained(cut) < 1000 && trained(text) < 10, 'thousands beside millions');
});

test('in a file with errors a key still says what it is for, and what could only be said of a plan is left out', () => {
  const hover = over('rate', `${text}wrong: 1\n`);
  assert.deepEqual(hover?.lines, ['Peak learning rate of the head.', 'a number, 1e-8 to 1; default 0.001']);
});

test('nothing is said over comments, numbers and punctuation, and a backbone that is not here says so', () => {
  assert.equal(over('1e-2'), undefined);
  assert.equal(over('# x', `# x\n${text}`), undefined);
  assert.match(over('hf:timm', text.replace('efficientnet_lite0', 'hf:timm/resnet50.a1_in1k').replace('"blocks.6"', 'layer4'))!.lines.at(-1)!, /Not fetched yet/);
});

test('what a key costs is said where it costs something, and of keys that there are', () => {
  assert.ok(over('train')?.lines.some((line) => /^Cost: what lies before the first layer/.test(line)));
  for (const path of Object.keys(fieldCosts)) assert.ok(fieldAt(path), path);
});
