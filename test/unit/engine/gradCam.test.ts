import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomWeights, withNewHead } from '../../../src/backbones/initialise.ts';
import { gradCam, lastMap } from '../../../src/engine/gradCam.ts';
import { Observer } from '../../../src/engine/observer.ts';
import { portable } from '../../../src/engine/kernels.ts';
import { splitAt } from '../../../src/backbones/boundary.ts';
import type { Network } from '../../../src/backbones/op.ts';
import { tinyInput, tinyPixels } from '../../support/tinyData.ts';
import { tinyLite } from '../../support/tinyLite.ts';
import '../../support/cpuEngine.ts';

const network = tinyLite(), weights = randomWeights(network, 5), at = lastMap(network)!, image = tinyPixels(1, 'centre');
const mapOf = async (label: number, of = weights): Promise<number[]> => Array.from((await gradCam({ network, weights: of, input: tinyInput, kernels: portable }, image, at, label)).values);

test('behind a mean and a linear head, Grad-CAM is the class activation map: each channel times its weight in the head, by hand', async () => {
  const { prefix } = splitAt(network, at), [height, width, channels] = splitAt(network, at).suffix.input as [number, number, number];
  const observer = new Observer({ network: prefix, from: 'input', input: tinyInput, kernels: portable });
  observer.wear(weights);
  const { outputs } = await observer.look(image, 1), head = weights.get('head.weight')!.data;
  observer.dispose();
  for (const label of [0, 1, 2]) {
    const got = await mapOf(label);
    assert.equal(got.length, height * width);
    for (const [place, value] of got.entries()) {
      let sum = 0;
      for (let k = 0; k < channels; k++) sum += head[label * channels + k]! * outputs[place * channels + k]! / (height * width);
      assert.ok(Math.abs(value - Math.max(0, sum)) < 1e-5, `${label}, ${place}: ${value}, not ${sum}`);
    }
  }
});

test('sanity: another head, drawn at random, gives another map; so does another image class', async () => {
  const [own, other, redrawn] = [await mapOf(0), await mapOf(1), await mapOf(0, withNewHead(network, weights, 77))];
  assert.ok([own, other].some((map) => map.some((value) => value > 0)));
  assert.notDeepEqual(redrawn, own);
  assert.notDeepEqual(other, own);
});

test('networks of tokens have no last map', () => {
  const tokens: Network = { name: 'x', input: [4, 4, 3], nodes: [{ name: 'tokens', op: { op: 'tokens' }, inputs: ['input'] }] };
  assert.equal(lastMap(tokens), undefined);
});
