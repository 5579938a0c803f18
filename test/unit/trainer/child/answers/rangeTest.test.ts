/** The learning-rate range test on a network of a few hundred weights, on the reference engine. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import type { TrainJob } from '../../../../../src/trainer/child/stages/trainJob.ts';
import { portable } from '../../../../../src/engine/kernels.ts';
import { randomWeights } from '../../../../../src/backbones/initialise.ts';
import { rangeTest, ratesToTry } from '../../../../../src/trainer/child/answers/rangeTest.ts';
import { stageOf } from '../../../../support/stage.ts';
import { tinyDataset, tinyInput, tinySource } from '../../../../support/tinyData.ts';
import { tinyLite } from '../../../../support/tinyLite.ts';
import '../../../../support/cpuEngine.ts';

const network = tinyLite(), weights = randomWeights(network, 5);
const stage = stageOf({ name: 'thaw', train: ['head', 'conv_head'], epochs: 2, rate: 0.05, warmup: 0.5, batchNorm: 'batch' }), start = { weights, epoch: 0, step: 0 };
const job = (more: Partial<TrainJob> = {}): TrainJob => ({
  network, input: tinyInput, kernels: portable, weights, dataset: tinyDataset(), plan: { stages: [stage], batch: 8, stop: { patience: 10, metric: 'validation.loss', minImprovement: 0 }, seed: 1 },
  sourceOf: () => Promise.resolve(tinySource), append: () => undefined, checkpoint: () => assert.fail('a test keeps nothing'), timed: () => undefined, stop: new AbortController().signal, ...more,
});

function hashOf(): string {
  const hash = createHash('sha256');
  for (const [name, { data }] of weights) hash.update(name).update(Buffer.from(data.buffer, data.byteOffset, data.byteLength));
  return hash.digest('hex');
}

test('a range test changes no weight, gives the same numbers again, and ends where the loss falls apart', async () => {
  const before = hashOf(), rates = ratesToTry(1e-5, 1e6, 2);
  const [once, again] = [await rangeTest(job(), stage, start, rates, () => undefined), await rangeTest(job(), stage, start, rates, () => undefined)];
  assert.ok(once);
  assert.deepEqual(again, once);
  assert.equal(hashOf(), before);
  assert.equal(once.diverged, true);
  assert.ok(once.rates.length < rates.length && once.rates.length === once.losses.length, `${once.rates.length} rates`);
  assert.ok(Math.min(...once.losses) < 0.8 * once.startLoss, 'on the way there, the loss falls');
  const shifted = await rangeTest(job(), stage, { ...start, epoch: 1 }, rates, () => undefined);
  assert.notDeepEqual(shifted?.losses, once.losses, 'other batches: those of the next epoch');
});

test('rates rise by equal factors; few photos are tried on for fewer steps, but never for too few', () => {
  assert.deepEqual([ratesToTry(1e-6, 1, 1).length, ratesToTry(1e-6, 1, 8).length, ratesToTry(1e-6, 1, 500).length], [50, 80, 100]);
  const rates = ratesToTry(1e-6, 1, 500);
  assert.deepEqual([rates[0], rates.at(-1)], [1e-6, 1]);
  assert.ok(rates.slice(1).every((rate, i) => Math.abs(rate / rates[i]! - 10 ** (6 / 99)) < 1e-9));
});

test('a test that is called off ends at the next step, with nothing', async () => {
  const stopping = new AbortController();
  let steps = 0;
  const tested = await rangeTest(job({ stop: stopping.signal }), stage, start, ratesToTry(1e-6, 1, 2), (done) => {
    steps++;
    if (done === 3) stopping.abort();
  });
  assert.deepEqual([tested, steps], [undefined, 4]);
});
