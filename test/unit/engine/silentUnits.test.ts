import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Network } from '../../../src/backbones/op.ts';
import type { Weights } from '../../../src/backbones/tensorData.ts';
import { portable } from '../../../src/engine/kernels.ts';
import { adamW } from '../../../src/engine/optimizer.ts';
import { rectifiersOf, silentUnits } from '../../../src/engine/silentUnits.ts';
import { createState, disposeState, setStage, type TrainState } from '../../../src/engine/step.ts';
import { randomWeights } from '../../../src/backbones/initialise.ts';
import { parametersIn, tinyNetwork, tinyWeights } from '../../support/tinyNetwork.ts';
import { tinyVit } from '../../support/tinyVit.ts';
import '../../support/cpuEngine.ts';

const input = { mean: [0, 0, 0], std: [1, 1, 1] } as const;

function stateOf(network: Network, weights: Weights, trains: readonly string[]): TrainState {
  const state = createState({ network, from: 'input', input, weights, kernels: portable, optimizer: adamW() });
  setStage(state, { groups: [{ names: trains, rateFactor: 1, weightDecay: 0 }], bnStatistics: 'stored' });
  return state;
}

/** The weights with a bias of the node's units replaced. */
const biased = (weights: Weights, name: string, units: readonly number[], value: number): Weights =>
  new Map([...weights].map(([each, tensor]) => [each, each === name ? { ...tensor, data: tensor.data.map((old, i) => units.includes(i) ? value : old) } : tensor]));

const photos = Float32Array.from({ length: 4 * 6 * 6 * 3 }, (_, i) => Math.sin(i));

test('a channel that gives nothing for any photo at any place is silent, behind the first layer that trains', async () => {
  const weights = biased(tinyWeights(), 'blocks.1.bn.bias', [1, 3], -1e3), state = stateOf(tinyNetwork, weights, parametersIn('blocks.1', 'head'));
  assert.deepEqual([...rectifiersOf(state)], ['blocks.1.act'], 'the stem is frozen');
  const units = (await silentUnits(state, photos, 4, rectifiersOf(state))).get('blocks.1.act')!;
  assert.deepEqual([units.length, units[1], units[3]], [5, 1, 1]);
  assert.ok(units.includes(0), 'others are not');
  disposeState(state);
});

test('a channel that one photo rouses is not silent; a head alone has no rectifier', async () => {
  const state = stateOf(tinyNetwork, tinyWeights(), parametersIn('stem', 'head')), names = rectifiersOf(state), each = 6 * 6 * 3;
  const all = (await silentUnits(state, photos, 4, names)).get('stem.act')!;
  const alone = await Promise.all([0, 1, 2, 3].map(async (i) => (await silentUnits(state, photos.subarray(i * each, (i + 1) * each), 1, names)).get('stem.act')!));
  assert.deepEqual(Array.from(all), Array.from(all, (_, unit) => Number(alone.every((units) => units[unit] === 1))));
  disposeState(state);
  const head = stateOf(tinyNetwork, tinyWeights(), parametersIn('head'));
  assert.equal(rectifiersOf(head).size, 0);
  disposeState(head);
});

test('a unit behind GELU is silent where its input is far below 0', async () => {
  const network = tinyVit(), fc1 = network.nodes.find(({ name }) => name.endsWith('mlp.fc1'))!.name, weights = biased(randomWeights(network, 3), `${fc1}.bias`, [0, 5], -40);
  const state = stateOf(network, weights, [`${fc1}.weight`, 'head.weight']), names = rectifiersOf(state);
  const first = [...await silentUnits(state, Float32Array.from({ length: 2 * 8 * 12 * 3 }, (_, i) => Math.sin(i)), 2, names)][0]!;
  assert.deepEqual(Array.from(first[1], (silent, i) => silent ? i : -1).filter((i) => i >= 0), [0, 5]);
  disposeState(state);
});
