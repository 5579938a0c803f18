import assert from 'node:assert/strict';
import { test } from 'node:test';
import { weightChanges } from '../../../src/backbones/weightChange.ts';
import { tinyNetwork, tinyWeights } from '../../support/tinyNetwork.ts';

test('what moved is said of layers, groups and blocks, in the size of their weights; running statistics and the head do not count', () => {
  const before = tinyWeights(), scaled = (names: readonly string[]): typeof before =>
    new Map([...before].map(([name, { shape, data }]) => [name, { shape, data: names.includes(name) ? data.map((value) => 1.5 * value) : data }]));
  const changeOf = (...names: readonly string[]): ReadonlyMap<string, number> => new Map(weightChanges(tinyNetwork, before, scaled(names)).map(({ path, change }) => [path, change]));
  const moved = changeOf('blocks.1.conv.weight', 'blocks.1.conv.bias');
  assert.deepEqual([...moved.keys()], ['stem', 'stem.conv', 'stem.bn', 'blocks.0', 'blocks.0.conv_dw', 'blocks.0.bn', 'blocks.1', 'blocks.1.conv', 'blocks.1.bn']);
  assert.ok(Math.abs(moved.get('blocks.1.conv')! - 0.5) < 1e-6);
  assert.ok(moved.get('blocks.1')! > 0 && moved.get('blocks.1')! < 0.5, 'its norm stayed');
  assert.deepEqual([...moved].filter(([, change]) => change > 0).map(([path]) => path), ['blocks.1', 'blocks.1.conv']);
  assert.ok([...changeOf('blocks.0.bn.running_mean', 'head.weight').values()].every((change) => change === 0));
});
