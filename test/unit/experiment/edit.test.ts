import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Lexer } from 'yaml';
import { cardOf } from '../../../src/backbones/cards.ts';
import { matchPatterns, patternNames } from '../../../src/backbones/freezePlan.ts';
import { freezeTree } from '../../../src/backbones/freezeTree.ts';
import type { FreezeRow } from '../../../src/backbones/freezeTree.ts';
import { rng } from '../../../src/base/rng.ts';
import { applyEdits, setTraining, trainOf } from '../../../src/experiment/edit.ts';
import { parseExperiment } from '../../../src/experiment/parse.ts';
import type { Parsed } from '../../../src/experiment/parse.ts';
import { randomExperiment } from '../../support/randomExperiment.ts';

const network = cardOf('efficientnet_lite0')!.network(2);

/** The text after a tick (`+` thaws, `-` freezes), which must be possible. */
function ticked(text: string, ...ticks: readonly string[]): string {
  return ticks.reduce((now, tick) => {
    const edits = setTraining(now, [{ path: tick.slice(1), trains: tick.startsWith('+') }], { network });
    assert.ok(edits.ok, edits.ok ? '' : edits.errors[0]?.message);
    return applyEdits(now, edits.value);
  }, text);
}

const head = 'thaw: 1\ndata: { folder: x }\n';
const examples: readonly (readonly [what: string, before: string, ticks: readonly string[], after: string])[] = [
  ['a tick joins a flow list', 'stages:\n  - { train: [head], epochs: 3 } # one', ['+blocks.6'], 'stages:\n  - { train: [head, blocks.6], epochs: 3 } # one'],
  ['an untick leaves a flow list', 'stages: [{ train: [ head, blocks.6 ] }]', ['-head'], 'stages: [{ train: [ blocks.6 ] }]'],
  ['the last untick leaves an empty list', 'stages: [{ train: [head] }]', ['-head'], 'stages: [{ train: [] }]'],
  ['a tick joins a block list below the comment of the last item', 'stages:\n  - train:\n      - head # new\n    epochs: 3', ['+conv_head'], 'stages:\n  - train:\n      - head # new\n      - conv_head\n    epochs: 3'],
  ['an untick within a listed block names its other layers', 'stages: [{ train: [head, "blocks.5"] }]', ['-blocks.5.1'], 'stages: [{ train: [head, blocks.5.0, blocks.5.2, blocks.5.3] }]'],
  ['a block whose every part is ticked stands for them', 'stages: [{ train: [blocks.5.0, head, blocks.5.2, blocks.5.3] }]', ['+blocks.5.1'], 'stages: [{ train: [blocks.5, head] }]'],
  ['ticking a parent absorbs what was listed of it', 'stages:\n  - train:\n      - blocks.5.0.bn1\n      - head', ['+blocks.5'], 'stages:\n  - train:\n      - blocks.5\n      - head'],
  ['an untick divides a wildcard and `all`', 'stages: [{ train: ["blocks.*", head] }]', ['-blocks.3'], 'stages: [{ train: [blocks.0, blocks.1, blocks.2, blocks.4, blocks.5, blocks.6, head] }]'],
  ['an item that goes leaves its comment', 'stages:\n  - train:\n      - head\n      - blocks.6 # the top', ['-blocks.6'], 'stages:\n  - train:\n      - head\n      # the top'],
  ['a stage without a list gets one, where the schema has it', 'stages:\n  - name: probe # first\n    epochs: 3', ['+blocks.6'], 'stages:\n  - name: probe # first\n    train: [head, blocks.6]\n    epochs: 3'],
  ['a file without stages gets one', 'batch: 8 # few', ['+blocks.6'], 'stages: [{ train: [head, blocks.6] }]\nbatch: 8 # few'],
  ['the last tick of a network stands for all of it', 'stages: [{ train: [head, "blocks.*", conv_head] }]', ['+stem'], 'stages: [{ train: [all] }]'],
  ['what trains already is not written again', 'stages: [{ train: [all] }]', ['+blocks.6'], 'stages: [{ train: [all] }]'],
];
for (const [what, before, ticks, after] of examples) {
  test(what, () => {
    assert.equal(ticked(`${head}${before}\n`, ...ticks), `${head}${after}\n`);
  });
}

test('the last stage is edited unless another is asked for', () => {
  const text = `${head}stages: [{ train: [head] }, { train: [head] }]\n`;
  assert.equal(ticked(text, '+blocks.6'), `${head}stages: [{ train: [head] }, { train: [head, blocks.6] }]\n`);
  const first = setTraining(text, [{ path: 'blocks.6', trains: true }], { network, stage: 0 });
  assert.ok(first.ok);
  assert.equal(applyEdits(text, first.value), `${head}stages: [{ train: [head, blocks.6] }, { train: [head] }]\n`);
});

test('an edit touches only what changes', () => {
  const edits = setTraining(`${head}stages: [{ train: [head, blocks.5] }]\n`, [{ path: 'blocks.6', trains: true }], { network });
  assert.ok(edits.ok);
  assert.deepEqual(edits.value, [{ range: { start: { line: 2, character: 33 }, end: { line: 2, character: 33 } }, newText: ', blocks.6' }]);
});

const refused: readonly (readonly [what: string, text: string, path: string, stage: number | undefined, code: string])[] = [
  ['a broken file', `${head}stages: [{`, 'head', undefined, 'yaml-syntax'],
  ['a file with an unknown key', `${head}stage: 3\n`, 'head', undefined, 'unknown-key'],
  ['a row that does not exist', head, 'blocks.9', undefined, 'pattern-matches-nothing'],
  ['a stage that does not exist', head, 'head', 3, 'missing-key'],
];
for (const [what, text, path, stage, code] of refused) {
  test(`${what} is not edited, and says why`, () => {
    const edits = setTraining(text, [{ path, trains: true }], { network, ...(stage !== undefined && { stage }) });
    assert.ok(!edits.ok);
    assert.ok(edits.errors.some((error) => error.code === code));
  });
}

test('a list written in a way that cannot be edited by position is left alone, with what to write instead', () => {
  const edits = setTraining(`${head}stages:\n  - train:\n      -\n        head\n      - blocks.6\n`, [{ path: 'head', trains: false }], { network });
  assert.ok(!edits.ok);
  assert.match(edits.errors[0]!.message, /write \[blocks\.6\] there/);
});

const rows = (tree: readonly FreezeRow[]): FreezeRow[] => tree.flatMap((row) => [row, ...rows(row.children)]);
const commentsOf = (text: string): string[] => [...new Lexer().lex(text)].filter((token) => token.startsWith('#')).map((token) => token.trimEnd()).sort();
const parsedOf = (text: string): Parsed => {
  const parsed = parseExperiment(text, '');
  assert.ok(parsed.ok, `${parsed.ok ? '' : JSON.stringify(parsed.errors)}\n${text}`);
  return parsed.value;
};

/** All that a file says but for the `train` lists. */
const othersOf = ({ written }: Parsed): unknown => JSON.parse(JSON.stringify(written.values, (key, value: unknown) => key === 'train' || (key === 'stages' && JSON.stringify(value) === '[{"train":[]}]') ? undefined : value));

test('2,000 random files, ticked at random: what trains is what was asked, every comment stays, nothing else changes', () => {
  const random = rng(5, 'ticks'), all = rows(freezeTree(network)), names = [...patternNames(network), 'blocks.*', 'blocks.*.0', 'blocks.5.0.bn1.weight'];
  let edited = 0;
  for (let i = 0; i < 2000; i++) {
    let text = randomExperiment(random, names);
    const before = parsedOf(text), stages = Math.max(1, (before.written.values['stages'] as readonly unknown[] | undefined)?.length ?? 0);
    const stage = random.int(stages), wanted = new Set(matchPatterns(network, trainOf(before, stage)!).trained), comments = commentsOf(text);
    for (let ticks = 1 + random.int(2); ticks > 0; ticks--) {
      const row = all[random.int(all.length)]!, frozen = random.next() < 0.5;
      for (const name of row.parameters) if (frozen) wanted.delete(name); else wanted.add(name);
      const edits = setTraining(text, [{ path: row.path, trains: !frozen }], { network, stage });
      assert.ok(edits.ok, `${edits.ok ? '' : edits.errors[0]!.message}\n${text}`);
      edited += edits.value.length;
      text = applyEdits(text, edits.value);
      const now = parsedOf(text);
      assert.deepEqual([...matchPatterns(network, trainOf(now, stage)!).trained].sort(), [...wanted].sort(), text);
      for (const comment of comments) assert.ok(commentsOf(text).includes(comment), `${comment} lost in\n${text}`);
    }
    const after = parsedOf(text);
    const { stages: stagesBefore, ...restBefore } = othersOf(before) as Record<string, unknown>, { stages: stagesAfter, ...restAfter } = othersOf(after) as Record<string, unknown>;
    assert.deepEqual(restAfter, restBefore);
    assert.deepEqual(stagesAfter ?? [{}], stagesBefore ?? [{}]);
    for (let other = 0; other < stages; other++) if (other !== stage) assert.deepEqual(trainOf(after, other), trainOf(before, other));
  }
  assert.ok(edited > 1500, `${edited} edits`); // ticks that change nothing are not what is tested here
});
