import assert from 'node:assert/strict';
import { test } from 'node:test';
import { architectureOf } from '../../../src/backbones/architectures.ts';
import { cardOf } from '../../../src/backbones/cards.ts';
import { matchPatterns, patternNames } from '../../../src/backbones/freezePlan.ts';
import { type FreezeRow, freezeTree } from '../../../src/backbones/freezeTree.ts';
import type { Network } from '../../../src/backbones/op.ts';
import { parametersOf } from '../../../src/backbones/parameters.ts';
import { rng } from '../../../src/base/rng.ts';
import { applyEdits, setTraining, trainOf } from '../../../src/experiment/edit.ts';
import { cutAt, freezeBelow, lowestOf, onlyHead, tickAll, trainFromHere } from '../../../src/experiment/layerActions.ts';
import { parseExperiment } from '../../../src/experiment/parse.ts';
import type { Tick } from '../../../src/experiment/trainList.ts';
import { randomExperiment } from '../../support/randomExperiment.ts';

const network = cardOf('efficientnet_lite0')!.network(2), tree = freezeTree(network);
const below = (row: FreezeRow): readonly FreezeRow[] => [row, ...row.children.flatMap(below)];

function written(text: string, ticks: readonly Tick[], { network: of = network, stage = 0 }: { network?: Network; stage?: number } = {}): string {
  const edits = setTraining(text, ticks, { network: of, stage });
  assert.ok(edits.ok, `${edits.ok ? '' : edits.errors[0]!.message}\n${text}`);
  return applyEdits(text, edits.value);
}

function trainedIn(text: string, { network: of = network, stage = 0 }: { network?: Network; stage?: number } = {}): ReadonlySet<string> {
  const parsed = parseExperiment(text, '');
  assert.ok(parsed.ok, `${parsed.ok ? '' : JSON.stringify(parsed.errors)}\n${text}`);
  return matchPatterns(of, trainOf(parsed.value, stage)!).trained;
}

const file = (list: string): string => `thaw: 1\ndata: { folder: x }\nstages: [{ train: ${list} }]\n`;
const examples: readonly (readonly [what: string, before: string, ticks: readonly Tick[], after: string])[] = [
  ['train from here up adds a block and all above it', '[head]', trainFromHere(tree, 'blocks.6'), '[head, blocks.6, conv_head]'],
  ['train from here up leaves what trains below', '[stem, head]', trainFromHere(tree, 'conv_head'), '[stem, head, conv_head]'],
  ['train from here up begins within a block', '[head]', trainFromHere(tree, 'blocks.5.2'), '[head, blocks.5.2, blocks.5.3, blocks.6, conv_head]'],
  ['freeze below takes out all before a row, and nothing else', '[all]', freezeBelow(tree, 'blocks.6'), '[blocks.6, conv_head, head]'],
  ['only head', '[blocks.6, conv_head]', onlyHead(tree), '[head]'],
  ['a cut moves up', '[all]', cutAt(tree, 'conv_head'), '[conv_head, head]'],
  ['a cut at the input is all', '[head, blocks.6]', cutAt(tree, 'stem'), '[all]'],
  ['several rows at once', '[head]', tickAll(['blocks.6', 'blocks.6.0', 'stem'], true), '[head, blocks.6, stem]'],
];
for (const [what, before, ticks, after] of examples) {
  test(`${what}: ${before} becomes ${after}`, () => assert.equal(written(file(before), ticks), file(after)));
}

test('of a selection, the row nearest to the input counts', () => {
  assert.equal(lowestOf(tree, ['head', 'blocks.5.1', 'blocks.6']), 'blocks.5.1');
  assert.equal(lowestOf(tree, []), undefined);
});

const list = (items: string): string => `thaw: 1\ndata: { folder: x }\nstages:\n  - train:\n${items}    epochs: 3\n`;
test('a block list from which all goes while others come keeps its comments and its place', () => {
  assert.equal(written(list('      - blocks.5 # low\n      - blocks.6 # high\n'), onlyHead(tree)), list('      # low\n      - head # high\n'));
  assert.equal(written(list('      - conv_head # stays\n      - blocks.6\n'), [{ path: 'blocks.6', trains: false }, { path: 'head', trains: true }]), list('      - conv_head # stays\n      - head\n'));
});

/** What trains after an action, by hand: names from the input to the head. */
const order = parametersOf(network).filter(({ buffer }) => !buffer).map(({ name }) => name);
const inTree = tree.flatMap(({ parameters }) => parameters);

test('150 random files, 600 actions of the tree: each is one edit, and what trains is what doing it by hand gives', () => {
  assert.deepEqual([...inTree].sort(), [...order].sort());
  const random = rng(7, 'actions'), rows = tree.flatMap(below), names = [...patternNames(network), 'blocks.*', 'blocks.*.0', 'blocks.5.0.bn1.weight'];
  const pick = (): FreezeRow => rows[random.int(rows.length)]!;
  let changed = 0;
  for (let i = 0; i < 150; i++) {
    let text = randomExperiment(random, names);
    const trained = new Set(trainedIn(text));
    for (let actions = 0; actions < 4; actions++) {
      const row = pick(), first = inTree.indexOf(row.parameters[0]!), selected = [row, pick(), pick()];
      const set = (which: readonly string[], trains: boolean): void => which.forEach((name) => trains ? trained.add(name) : trained.delete(name));
      const ticks = [
        () => { set(inTree.slice(first), true); return trainFromHere(tree, row.path); },
        () => { set(inTree.slice(0, first), false); return freezeBelow(tree, row.path); },
        () => { set(inTree, false); set(tree.at(-1)!.parameters, true); return onlyHead(tree); },
        () => { set(inTree, false); set(inTree.slice(first), true); return cutAt(tree, row.path); },
        () => { set(selected.flatMap(({ parameters }) => parameters), true); return tickAll(selected.map(({ path }) => path), true); },
        () => { set(selected.flatMap(({ parameters }) => parameters), false); return tickAll(selected.map(({ path }) => path), false); },
      ][random.int(6)]!();
      const after = written(text, ticks);
      changed += Number(after !== text);
      text = after;
      assert.deepEqual([...trainedIn(text)].sort(), [...trained].sort(), text);
    }
  }
  assert.ok(changed > 400, `${changed} of 600 actions changed the file`);
});

test('a network of 500 rows is edited in one go, and quickly', () => {
  const large = architectureOf('densenet201')!.network(2), rows = freezeTree(large), all = rows.flatMap(below);
  assert.ok(all.length > 500, `${all.length} rows`);
  const startMs = performance.now(), half = all.filter(({ children }, i) => children.length === 0 && i % 2 === 0).map(({ path }) => path);
  const text = written(file('[head]'), tickAll(half, true), { network: large });
  assert.deepEqual([...trainedIn(text, { network: large })].length, new Set([...half.flatMap((path) => all.find((row) => row.path === path)!.parameters), ...rows.at(-1)!.parameters]).size);
  assert.ok(performance.now() - startMs < 3000, `${(performance.now() - startMs).toFixed(0)} ms`);
});
