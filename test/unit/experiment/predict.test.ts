import assert from 'node:assert/strict';
import { test } from 'node:test';
import { architectureOf } from '../../../src/backbones/architectures.ts';
import { predictPlan, runMs, stageEpochs } from '../../../src/experiment/predict.ts';
import type { CostBasis, PassRates } from '../../../src/protocol/answers.ts';
import type { StagePlan } from '../../../src/experiment/plan.ts';
import { defaultPlan, stageOf } from '../../support/stage.ts';

const pass: PassRates = { msPerDenseGflop: 1, msPerDepthwiseGflop: 1, msPerGigabyte: 1, msPerNode: 0.01 };
const basis: CostBasis = {
  images: 1000, classes: 5, engine: 'wasm', memoryBytes: 1e12,
  rates: { prefix: pass, forward: pass, backward: pass, msPerUpdatedTensor: 0.1, msPerMillionUpdated: 1, msPerStep: 1, decodedImagesPerSecond: 200, baseBytes: 1e6, prefixBytes: 0, keptOutputs: 1 },
};
const backbone = architectureOf('tf_efficientnet_lite0')!, plan = defaultPlan();
const of = (changes: Partial<StagePlan>) => predictPlan({ ...plan, stages: [stageOf({ train: ['head', 'conv_head'], ...changes })] }, backbone, basis).stages[0]!;

test('more kept views take more time and disk for features, none for an epoch', () => {
  const [flip, light] = [of({}), of({ augment: 'light', views: 5 })];
  assert.equal(light.cacheBytes / flip.cacheBytes, 6 / 2);
  assert.ok(light.featuresMs > flip.featuresMs);
  assert.equal(light.epochMs, flip.epochMs);
});

test('accumulating saves updates, not passes', () => {
  const [each, fourth] = [of({}), of({ accumulate: 4 })];
  assert.ok(fourth.epochMs < each.epochMs);
  assert.ok(fourth.epochMs > 0.5 * each.epochMs);
  assert.equal(fourth.rowsAtOnce, 32);
});

test('a source network to stay near costs another forward pass and its weights, an average only weights', () => {
  const [free, held, averaged] = [of({}), of({ regularize: { l2sp: 0, delta: 1, bss: 0, lwf: 0 } }), of({ ema: 0.99 })];
  assert.ok(held.epochMs > free.epochMs && held.peakBytes > free.peakBytes);
  assert.equal(averaged.epochMs, free.epochMs);
  assert.ok(averaged.peakBytes > free.peakBytes);
});

test('a run that counts steps takes as long as the passes that they make', () => {
  const stages = [stageOf({ epochs: 10 })], steps = [stageOf({ steps: 220 })], [predicted] = predictPlan({ ...plan, stages }, backbone, basis).stages;
  assert.equal(stageEpochs(steps[0]!, 700, 32), 10); // 22 steps an epoch
  assert.equal(runMs({ stages: steps, batch: 32 }, [predicted!], 700), runMs({ stages, batch: 32 }, [predicted!], 700));
});
