import assert from 'node:assert/strict';
import { test } from 'node:test';
import { entriesOf, foldsOf, headOf } from '../../../src/experiment/outline.ts';
import type { Entry } from '../../../src/experiment/outline.ts';
import { readExperiment } from '../../../src/experiment/parse.ts';

const text = `# one
# two
thaw: 1
data: { folder: x }
stages:
  # first
  - name: probe
    rate: 1e-3
  - { train: [head, blocks.6] }

stop:
  patience: 3
# end
`;
const lines = ({ name, detail, range, children }: Entry): readonly string[] => [`${range.start.line}-${range.end.line} ${name}: ${detail}`, ...children.flatMap(lines).map((line) => `  ${line}`)];

test('the outline has the keys of the file with their values, and the stages by name with what they train', () => {
  assert.deepEqual(entriesOf(readExperiment(text, '')).flatMap(lines), [
    '2-2 thaw: 1', '3-3 data: ', '  3-3 folder: x',
    '4-8 stages: ', '  6-7 probe: ', '    6-6 name: probe', '    7-7 rate: 0.001', '  8-8 stage 2: head, blocks.6', '    8-8 train: head, blocks.6',
    '10-11 stop: ', '  11-11 patience: 3',
  ]);
});

test('stages, maps and blocks of comments fold', () => {
  assert.deepEqual(foldsOf(readExperiment(text, '')).map(({ start, end, isComment }) => [start, end, isComment]), [[4, 8, false], [6, 7, false], [10, 11, false], [0, 1, true]]);
});

test('lenses stand above `thaw`, or above the first key of a file without it', () => {
  assert.equal(headOf(readExperiment(text, ''))?.start.line, 2);
  assert.equal(headOf(readExperiment('# x\nbatch: 3\n', ''))?.start.line, 1);
  assert.equal(headOf(readExperiment('# x\n', '')), undefined);
});
