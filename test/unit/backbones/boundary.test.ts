import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freezeBoundary, splitAt } from '../../../src/backbones/boundary.ts';
import { cardOf } from '../../../src/backbones/cards.ts';
import { matchPatterns } from '../../../src/backbones/freezePlan.ts';
import { shapesOf } from '../../../src/backbones/shapes.ts';

const network = cardOf('efficientnet_lite0')!.network(6);
const boundaryOf = (...patterns: string[]): string => freezeBoundary(network, matchPatterns(network, patterns).trained);

test('the boundary is the last cut before anything trains', () => {
  assert.equal(boundaryOf('head'), 'global_pool');
  assert.equal(boundaryOf('head', 'bn2'), 'conv_head');
  assert.equal(boundaryOf('head', 'conv_head'), 'blocks.6.0.bn3');
  assert.equal(boundaryOf('head', 'blocks.5', 'blocks.6'), 'blocks.4.2.add');
  assert.equal(boundaryOf('head', 'bn1'), 'conv_stem');
  assert.equal(boundaryOf('all'), 'input');
  assert.equal(boundaryOf(), 'head');
});

test('a residual is never cut: its input is kept', () => {
  assert.equal(boundaryOf('head', 'blocks.5.2.bn3'), 'blocks.5.1.add');
  assert.equal(boundaryOf('head', 'blocks.5.0.bn3'), 'blocks.5.0.conv_pwl'); // no residual around this one
});

test('prefix and suffix make the whole network', () => {
  const { prefix, suffix } = splitAt(network, 'blocks.4.2.add');
  assert.deepEqual([...prefix.nodes, ...suffix.nodes].map(({ name }) => name), network.nodes.map(({ name }) => name));
  assert.deepEqual(suffix.input, [14, 14, 112]);
  const whole = shapesOf(network), behind = shapesOf(suffix);
  for (const { name } of suffix.nodes) assert.deepEqual(behind.get(name), whole.get(name));
  assert.equal(splitAt(network, 'input').prefix.nodes.length, 0);
  assert.throws(() => splitAt(network, 'nowhere'), /no node "nowhere"/);
});
