import assert from 'node:assert/strict';
import { test } from 'node:test';
import { headDistances } from '../../../src/backbones/blocks.ts';
import { cardOf } from '../../../src/backbones/cards.ts';
import { matchPatterns, patternNames } from '../../../src/backbones/freezePlan.ts';
import { freezeTree, trainingShare } from '../../../src/backbones/freezeTree.ts';
import type { FreezeRow } from '../../../src/backbones/freezeTree.ts';
import type { Network } from '../../../src/backbones/op.ts';
import { parametersOf } from '../../../src/backbones/parameters.ts';
import { tinyLite } from '../../support/tinyLite.ts';

const network = cardOf('efficientnet_lite0')!.network(6);
const trainedBy = (...patterns: string[]): string[] => [...matchPatterns(network, patterns).trained];
const everyRow = (rows: readonly FreezeRow[]): FreezeRow[] => rows.flatMap((row) => [row, ...everyRow(row.children)]);

test('the tree of EfficientNet-Lite0 goes from stem to head', () => {
  const rows = freezeTree(network);
  assert.deepEqual(rows.map(({ path }) => path),
    ['stem', 'blocks.0', 'blocks.1', 'blocks.2', 'blocks.3', 'blocks.4', 'blocks.5', 'blocks.6', 'conv_head', 'head']);
  assert.deepEqual(rows[6]!.children.map(({ path }) => path), ['blocks.5.0', 'blocks.5.1', 'blocks.5.2', 'blocks.5.3']);
  assert.deepEqual(rows[6]!.children[0]!.children.map(({ path, parameterCount }) => [path, parameterCount]), [
    ['blocks.5.0.conv_pw', 112 * 672], ['blocks.5.0.bn1', 2 * 672], ['blocks.5.0.conv_dw', 25 * 672], ['blocks.5.0.bn2', 2 * 672],
    ['blocks.5.0.conv_pwl', 672 * 192], ['blocks.5.0.bn3', 2 * 192],
  ]);
  assert.deepEqual(rows[0]!.parameters, ['conv_stem.weight', 'bn1.weight', 'bn1.bias']);
  assert.equal(rows.reduce((sum, row) => sum + row.parameterCount, 0), 4_652_008 - 994 * 1281);
});

test('every row of the tree is a pattern that matches exactly its parameters', () => {
  const rows = everyRow(freezeTree(network));
  assert.equal(rows.length, 10 + 16 + 2 + 15 * 6 + 4 - 2);
  assert.equal(new Set(rows.map(({ path }) => path)).size, rows.length);
  for (const { path, parameters } of rows) assert.deepEqual(trainedBy(path), parameters, path);
});

test('a pattern ends at a dot', () => {
  const many: Network = { name: 'many', input: [4, 4, 3], nodes: [1, 10].map((i) =>
    ({ name: `blocks.${i}`, op: { op: 'batchNorm' as const, epsilon: 1e-3, momentum: 0.1 }, inputs: ['input'] })) };
  assert.deepEqual([...matchPatterns(many, ['blocks.1']).trained], ['blocks.1.weight', 'blocks.1.bias']);
});

test('patterns name parameters too, and stars stand for anything within dots', () => {
  assert.deepEqual(trainedBy('conv_head.weight'), ['conv_head.weight']);
  assert.deepEqual(trainedBy('conv_head'), ['conv_head.weight', 'bn2.weight', 'bn2.bias']);
  assert.equal(trainedBy('blocks.*').length, trainedBy('blocks.0', 'blocks.1', 'blocks.2', 'blocks.3', 'blocks.4', 'blocks.5', 'blocks.6').length);
  assert.deepEqual(trainedBy('blocks.6.*.bn*'), trainedBy('blocks.6.0.bn1', 'blocks.6.0.bn2', 'blocks.6.0.bn3'));
  assert.deepEqual(trainedBy('*.weight').filter((name) => name.split('.').length !== 2), []);
  assert.deepEqual(trainedBy('all'), parametersOf(network).filter(({ buffer }) => !buffer).map(({ name }) => name));
});

test('what matches nothing is returned with the nearest name', () => {
  assert.deepEqual(matchPatterns(network, ['blocks.9', 'haed', 'head', 'bn1.running_mean', 'b.ocks.5', 'x'.repeat(40)]).unmatched, [
    { pattern: 'blocks.9', suggestion: 'blocks.6' }, { pattern: 'haed', suggestion: 'head' }, { pattern: 'bn1.running_mean' },
    { pattern: 'b.ocks.5', suggestion: 'blocks.5' }, { pattern: 'x'.repeat(40) },
  ]);
});

test('a hostile pattern is plain text but for its stars, and costs no time', () => {
  const start = performance.now();
  const { unmatched } = matchPatterns(network, ['(.*)+$', '[', '\\', `${'*'.repeat(5000)}!`, `${'*b'.repeat(12)}!`]);
  assert.equal(unmatched.length, 5);
  assert.ok(performance.now() - start < 1000);
});

test('every name offered for completion matches', () => {
  const names = patternNames(network);
  assert.deepEqual(names.slice(0, 3), ['all', 'stem', 'blocks.0']);
  assert.deepEqual(matchPatterns(network, names).unmatched, []);
});

test('a mixed row says how many of its layers train', () => {
  const trained = new Set(trainedBy('head', 'blocks.6.0.conv_pw', 'blocks.6.0.bn1.bias'));
  const [stem, six, head] = ['stem', 'blocks.6', 'head'].map((path) => freezeTree(network).find((row) => row.path === path)!);
  assert.deepEqual([stem!, six!, head!].map((row) => trainingShare(row, trained)),
    [{ training: 0, layers: 1 }, { training: 2, layers: 6 }, { training: 1, layers: 1 }]);
});

test('layer decay counts blocks from the head', () => {
  const distances = headDistances(tinyLite());
  assert.deepEqual(['head.weight', 'bn2.bias', 'blocks.2.0.conv_dw.weight', 'blocks.0.0.bn1.weight', 'conv_stem.weight'].map((name) => distances.get(name)), [0, 1, 2, 4, 5]);
});
