import assert from 'node:assert/strict';
import { test } from 'node:test';
import { patternNames } from '../../../src/backbones/freezePlan.ts';
import { cardOf } from '../../../src/backbones/cards.ts';
import { rng } from '../../../src/base/rng.ts';
import { laidOut } from '../../../src/experiment/layout.ts';
import { commentsOf } from '../../../src/experiment/mend.ts';
import { parseExperiment } from '../../../src/experiment/parse.ts';
import { experimentText, presets } from '../../../src/experiment/presets.ts';
import { randomExperiment } from '../../support/randomExperiment.ts';

const examples: readonly (readonly [what: string, before: string, after: string])[] = [
  ['indentation is two columns a level, and dashes stand within their key', 'data:\n     folder: x\nstages:\n- name: a\n  rate: 1\n', 'data:\n  folder: x\nstages:\n  - name: a\n    rate: 1\n'],
  ['spaces are one behind colons and commas, one within braces, none within brackets', 'stop:   {patience:  3 ,metric: validation.loss}\ncontrols: [ knn ,blind ]\n', 'stop: { patience: 3, metric: validation.loss }\ncontrols: [knn, blind]\n'],
  ['blank lines do not pile up, and the last line ends', '\n\nthaw: 1\n\n\n\nbatch: 3   \n\n', 'thaw: 1\n\nbatch: 3\n'],
  ['aligned comments stay aligned where they can', 'batch:  3   # a\nseed: 1     # b\n', 'batch: 3    # a\nseed: 1     # b\n'],
  ['a comment on its own line goes with what it stands above', 'stages:\n# one\n- name: a\n      # deep\n  rate: 1\n# end\n', 'stages:\n  # one\n  - name: a\n    # deep\n    rate: 1\n# end\n'],
  ['a comment that is further in than what follows stays with the stage before', 'stages:\n    - name: a\n      # of a\n    - name: b\n', 'stages:\n  - name: a\n    # of a\n  - name: b\n'],
  ['a list over several lines is indented by its brackets', 'stages:\n  - train: [\n     head, # new\n          blocks.6\n      ]\n', 'stages:\n  - train: [\n        head, # new\n        blocks.6\n      ]\n'],
  ['quotes, empty collections and the order of keys stay', 'seed: 1\nthaw: 1\ndata: {folder: "x", split: {}}\nstages: []\n', 'seed: 1\nthaw: 1\ndata: { folder: "x", split: {} }\nstages: []\n'],
  ['Windows line ends stay', 'thaw:  1\r\nstop:\r\n    patience: 3\r\n', 'thaw: 1\r\nstop:\r\n  patience: 3\r\n'],
];
for (const [what, before, after] of examples) {
  test(`laid out: ${what}`, () => {
    assert.equal(laidOut(before), after);
    assert.equal(laidOut(after), after);
  });
}

test('a file with errors is left alone', () => {
  for (const text of ['stages: [', 'a: b: c\n', 'x: *y\n', '']) assert.ok([undefined, text].includes(laidOut(text)), text);
});

test('what Thaw writes is laid out already', () => {
  for (const { name } of presets) {
    const text = experimentText(name, { folder: 'my photos', because: 'x' });
    assert.equal(laidOut(text), text);
  }
});

test('2,000 random files: the same meaning, every comment in its order, and laid out again nothing changes', () => {
  const random = rng(8, 'layout'), names = patternNames(cardOf('efficientnet_lite0')!.network(2));
  for (let i = 0; i < 2000; i++) {
    const text = stretched(randomExperiment(random, names), random), parsed = parseExperiment(text, '');
    assert.ok(parsed.ok, text);
    const out = laidOut(text);
    assert.ok(out !== undefined, text);
    const after = parseExperiment(out, '');
    assert.ok(after.ok);
    assert.deepEqual(after.value.written.values, parsed.value.written.values);
    assert.deepEqual(commentsOf(out), commentsOf(text));
    assert.equal(laidOut(out), out, text);
  }
});

/** The same file, more untidily: deeper indentation, blank lines, spaces. */
function stretched(text: string, random: ReturnType<typeof rng>): string {
  const wide = random.next() < 0.5 ? 1 + random.int(3) : 1;
  const lines = text.split('\n').map((line) => {
    const indent = /^ */.exec(line)![0].length, spaced = `${' '.repeat(indent * wide)}${line.slice(indent).replace(/^- /, `-${' '.repeat(2 * wide - 1)}`)}`;
    return `${random.next() < 0.1 ? '\n\n' : ''}${spaced}`;
  });
  return lines.join('\n');
}
