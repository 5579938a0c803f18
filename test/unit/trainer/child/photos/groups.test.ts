import assert from 'node:assert/strict';
import { test } from 'node:test';
import { groupsOf } from '../../../../../src/trainer/child/photos/groups.ts';
import { matchPatterns } from '../../../../../src/backbones/freezePlan.ts';
import { stageOf } from '../../../../support/stage.ts';
import { tinyLite } from '../../../../support/tinyLite.ts';

const network = tinyLite();
const groups = (train: readonly string[], layerDecay = 0.5): ReturnType<typeof groupsOf> =>
  groupsOf(network, matchPatterns(network, train).trained, stageOf({ layerDecay, weightDecay: 0.1 }));

test('the head alone is a group that decays and its bias one that does not', () => {
  assert.deepEqual(groups(['head']), [
    { names: ['head.weight'], rateFactor: 1, weightDecay: 0.1 },
    { names: ['head.bias'], rateFactor: 1, weightDecay: 0 },
  ]);
});

test('a block\'s rate falls with every block between it and the head, frozen or not', () => {
  const factors = new Map(groups(['head', 'blocks.2', 'blocks.0']).flatMap(({ names, rateFactor }) => names.map((name) => [name.split('.').slice(0, 2).join('.'), rateFactor] as const)));
  assert.equal(factors.get('head.weight'), 1);
  assert.equal(factors.get('blocks.2'), 0.25, 'conv_head lies between');
  assert.equal(factors.get('blocks.0'), 0.0625);
});

test('every trained parameter is in one group, no other in any; batch norms and biases do not decay', () => {
  const { trained } = matchPatterns(network, ['head', 'blocks.1']);
  const all = groups(['head', 'blocks.1']).flatMap(({ names, weightDecay }) => names.map((name) => ({ name, weightDecay })));
  assert.deepEqual(all.map(({ name }) => name).sort(), [...trained].sort());
  for (const { name, weightDecay } of all) assert.equal(weightDecay, /bn\d\.|bias$/.test(name) ? 0 : 0.1, name);
});

test('without layer decay there are two groups for each distance, all at the full rate', () => {
  assert.ok(groups(['all'], 1).every(({ rateFactor }) => rateFactor === 1));
});

test('what L2-SP holds to its start does not decay to 0 as well; the head does', () => {
  const l2sp = groupsOf(network, matchPatterns(network, ['head', 'blocks.2']).trained, stageOf({ weightDecay: 0.1, regularize: { l2sp: 0.05, delta: 0, bss: 0, lwf: 0 } }));
  assert.deepEqual(l2sp.filter(({ weightDecay }) => weightDecay > 0).flatMap(({ names }) => names), ['head.weight']);
});
