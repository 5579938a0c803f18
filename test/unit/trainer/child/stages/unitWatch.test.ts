import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { adamW } from '../../../../../src/engine/optimizer.ts';
import { createState, disposeState, setStage, type TrainState } from '../../../../../src/engine/step.ts';
import type { FeatureSource } from '../../../../../src/trainer/child/features/featureSource.ts';
import { portable } from '../../../../../src/engine/kernels.ts';
import { randomWeights } from '../../../../../src/backbones/initialise.ts';
import { UnitWatch } from '../../../../../src/trainer/child/stages/unitWatch.ts';
import { tinyDataset, tinyInput, tinySource } from '../../../../support/tinyData.ts';
import { tinyLite } from '../../../../support/tinyLite.ts';
import '../../../../support/cpuEngine.ts';

const network = tinyLite(), dataset = tinyDataset(120), plenty = 1e6;

/** Photos that were asked for so far, at which times. */
function counting(): { readonly source: FeatureSource; readonly looks: number[] } {
  const looks: number[] = [];
  return { looks, source: { ...tinySource, blocks: (rows, size, signal) => { looks.push(rows.length); return tinySource.blocks(rows, size, signal); } } };
}

function stateOf(trains: readonly string[]): TrainState {
  const state = createState({ network, from: 'input', input: tinyInput, weights: randomWeights(network, 5), kernels: portable, optimizer: adamW() });
  setStage(state, { groups: [{ names: trains, rateFactor: 1, weightDecay: 0 }], bnStatistics: 'stored' });
  return state;
}

/** So many of the 12 units before the pool get nothing but negative values. */
const silence = (state: TrainState, units: number): void => state.parameters.set('bn2.bias', tf.tensor1d(Array.from({ length: 12 }, (_, i) => i < units ? -1e3 : 1)));

test('units that were alive when the stage began and are silent now are told of, once, after a look at more photos', async () => {
  const state = stateOf(['head.weight', 'conv_head.weight', 'bn2.bias']), { source, looks } = counting(), watch = new UnitWatch(state, source, dataset, 'thaw');
  await watch.begin();
  assert.equal(await watch.look(10, plenty), undefined, 'nothing has died');
  silence(state, 1);
  assert.equal(await watch.look(20, plenty), undefined, 'one of twelve is not many');
  silence(state, 5);
  const said = await watch.look(30, plenty);
  assert.match(said!.message, /^at step 30, 5 of 12 units of "bn2\.act" \(42 %\) are dead: they give nothing for any of 16 validation photos, and did when stage "thaw" began$/);
  assert.deepEqual(looks, [8, 16], 'photos asked for: the few once');
  assert.equal(await watch.look(40, plenty), undefined, 'it was said');
  disposeState(state);
});

test('what was silent when the stage began is not dead', async () => {
  const state = stateOf(['head.weight', 'conv_head.weight', 'bn2.bias']), watch = new UnitWatch(state, counting().source, dataset, 'thaw');
  silence(state, 6);
  await watch.begin();
  assert.equal(await watch.look(10, plenty), undefined);
  disposeState(state);
});

test('looks stay within a two-hundredth of what was trained; a head alone, or a handful of photos, is not looked at', async () => {
  const state = stateOf(['head.weight', 'bn2.bias']), watch = new UnitWatch(state, counting().source, dataset, 'thaw'), says = async (trainedRows: number): Promise<boolean> => await watch.look(10, trainedRows) !== undefined;
  await watch.begin();
  assert.equal(await says(3200), false, 'all live, and 16 photos are looked at by now');
  silence(state, 5);
  assert.deepEqual([await says(4799), await says(4800)], [false, true]);
  disposeState(state);
  for (const [trains, of] of [[['head.weight'], dataset], [['head.weight', 'bn2.bias'], tinyDataset(18)]] as const) {
    const other = stateOf(trains), idle = counting(), none = new UnitWatch(other, idle.source, of, 'probe');
    await none.begin();
    assert.deepEqual([await none.look(10, plenty), idle.looks], [undefined, []]);
    disposeState(other);
  }
});
