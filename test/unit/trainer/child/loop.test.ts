/** The training loop on a network of a few hundred weights, on the reference engine. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RunFact } from '../../../../src/protocol/runEvent.ts';
import type { StagePlan } from '../../../../src/experiment/plan.ts';
import { BoundaryFeatures } from '../../../../src/trainer/child/features.ts';
import type { FeaturePrecision } from '../../../../src/engine/featureRecord.ts';
import { monotonicMs } from '../../../../src/base/clock.ts';
import { portable } from '../../../../src/engine/kernels.ts';
import { randomWeights } from '../../../../src/backbones/initialise.ts';
import { Refused } from '../../../../src/protocol/diagnostic.ts';
import { train } from '../../../../src/trainer/child/loop.ts';
import type { TrainCheckpoint, Trained, TrainJob } from '../../../../src/trainer/child/trainJob.ts';
import { MemoryStore } from '../../../support/memoryStore.ts';
import { tinyDataset, tinyInput, tinyPixels, tinySource } from '../../../support/tinyData.ts';
import { tinyLite } from '../../../support/tinyLite.ts';
import '../../../support/cpuEngine.ts';

const network = tinyLite(), weights = randomWeights(network, 5), dataset = tinyDataset();
const probe: StagePlan = { name: 'probe', train: ['head'], epochs: 2, rate: 0.05, layerDecay: 1, schedule: 'cosine', warmup: 0, weightDecay: 0.01, batchNorm: 'stored', augment: 'flip' };
const thaw: StagePlan = { ...probe, name: 'thaw', train: ['head', 'conv_head', 'blocks.2'], rate: 0.01, layerDecay: 0.8 };

interface Told {
  readonly trained: Trained;
  readonly facts: readonly RunFact[];
  readonly checkpoints: readonly (TrainCheckpoint & { readonly best: boolean })[];
}

async function trained(stages: readonly StagePlan[], job: Partial<TrainJob> = {}, onFact: (fact: RunFact) => void = () => undefined): Promise<Told> {
  const facts: RunFact[] = [], checkpoints: (TrainCheckpoint & { best: boolean })[] = [];
  const result = await train({
    network, input: tinyInput, kernels: portable, weights, dataset,
    plan: { stages, batch: 8, stop: { patience: 10, metric: 'validation.loss' }, seed: 1 },
    sourceOf: () => Promise.resolve(tinySource),
    append: (fact) => { facts.push(fact); onFact(fact); },
    checkpoint: (checkpoint, best) => checkpoints.push({ ...checkpoint, best }),
    timed: () => undefined, stop: new AbortController().signal, ...job,
  });
  return { trained: result, facts, checkpoints };
}

/** Features at the boundary, computed by ONNX Runtime with batch norms folded, and kept in a cache. */
const cachedIn = (precision: FeaturePrecision): TrainJob['sourceOf'] => async (boundary, now) => {
  const features = await BoundaryFeatures.open({
    network, weights: now, boundary, input: tinyInput, store: new MemoryStore(), threads: 1, views: ['centre', 'flip'], precision,
    worker: new URL('../../../../src/engine/prefixWorker.js', import.meta.url),
    engine: () => assert.fail('ONNX Runtime is there'), report: ({ message }) => assert.fail(message),
  });
  for (const [sample, { facts: { sha256 } }] of dataset.samples.entries()) {
    await features.take(sha256, new Map([['centre', tinyPixels(sample, 'centre')], ['flip', tinyPixels(sample, 'flip')]]));
  }
  await features.finish();
  const source = await features.source(dataset, new AbortController().signal, () => undefined);
  features.dispose();
  return source;
};

// Weights as a share of the way that they went in 8 AdamW steps, losses in nats. float32: two engines' arithmetic, seen 1e-6
// and 8e-8. float16: features are off by up to 2⁻¹² of their value, and AdamW, which takes a full step along every gradient
// however small, turns some of those that are next to 0 around; seen 2e-2 and 9e-5.
for (const [precision, tolerance, lossTolerance] of [['float32', 1e-5, 1e-5], ['float16', 5e-2, 1e-3]] as const) test(`training on features cached as ${precision} gives what training without a cache gives, through a probe and thawed blocks`, async () => {
  const [without, withCache] = [await trained([probe, thaw]), await trained([probe, thaw], { sourceOf: cachedIn(precision) })];
  assert.equal(withCache.trained.trace.length, 5);
  let apart = 0, way = 0, moved = 0;
  for (const [name, { data }] of withCache.trained.weights) {
    const expected = without.trained.weights.get(name)!.data, before = weights.get(name)!.data;
    for (const [i, value] of data.entries()) {
      apart += (value - expected[i]!) ** 2;
      way += (value - before[i]!) ** 2;
      if (value !== before[i]) moved++;
    }
  }
  assert.ok(moved > 200, `${moved} weights were trained`);
  assert.ok(Math.sqrt(apart / way) < tolerance, `weights differ by ${Math.sqrt(apart / way)} of their way`);
  for (const [i, { validationLoss }] of withCache.trained.trace.entries()) assert.ok(Math.abs(validationLoss - without.trained.trace[i]!.validationLoss) < lossTolerance);
});

test('the same seed gives the same numbers, another one others', async () => {
  const lossesOf = ({ trained: { trace } }: Told): number[] => trace.map(({ validationLoss }) => validationLoss);
  const plan = { stages: [probe], batch: 8, stop: { patience: 10, metric: 'validation.loss' as const }, seed: 2 };
  const [once, again, other] = [await trained([probe]), await trained([probe]), await trained([probe], { plan })];
  assert.deepEqual(lossesOf(again), lossesOf(once));
  assert.notDeepEqual(lossesOf(other), lossesOf(once));
});

test('a stop keeps the best so far and where it was, with optimizer and place in the epoch', async () => {
  const stopping = new AbortController();
  const { trained: { how, step, best }, checkpoints } = await trained([{ ...probe, epochs: 50 }], { stop: stopping.signal }, (fact) => {
    if (fact.type === 'evaluated' && fact.step === 4) stopping.abort();
  });
  assert.deepEqual([how, step, best?.step], ['stopped', 4, 4]);
  assert.deepEqual(checkpoints.map(({ step: at, best: isBest }) => [at, isBest]), [[4, true]]);
  const { state, optimizer, weights: kept } = checkpoints[0]!;
  assert.deepEqual(state, { stage: 0, epoch: 2, stepInEpoch: 0, trainable: ['head.weight', 'head.bias'], seed: 1 });
  assert.equal(optimizer.get('head.weight/step')?.data[0], 4);
  assert.deepEqual([...kept.keys()].filter((name) => name.startsWith('head')), ['head.weight', 'head.bias']);
});

test('a stop in the middle of an evaluation does not wait for its end, and nothing half counted is kept', async () => {
  const stopping = new AbortController();
  let evaluations = 0;
  const sourceOf = (): ReturnType<TrainJob['sourceOf']> => Promise.resolve({
    ...tinySource,
    async *blocks(rows, size, signal) {
      if (rows[0]!.sample === dataset.rows.validation[0] && ++evaluations === 3) stopping.abort();
      yield* tinySource.blocks(rows, size, signal);
    },
  });
  const { trained: { how, trace }, checkpoints } = await trained([{ ...probe, epochs: 50, augment: 'none' }], { stop: stopping.signal, sourceOf });
  assert.deepEqual([how, trace.length], ['stopped', 2]);
  assert.deepEqual(checkpoints.map(({ step, best }) => [step, best]), [[4, true], [4, false]]);
});

test('without improvement a stage ends, and the best weights go on', async () => {
  const worse = { ...probe, rate: 3, epochs: 20, schedule: 'constant' as const };
  const plan = { stages: [worse], batch: 8, stop: { patience: 2, metric: 'validation.loss' as const }, seed: 1 };
  const { trained: { best, trace, weights: kept, step }, facts } = await trained([worse], { plan });
  const early = facts.find(({ type }) => type === 'early-stop');
  assert.ok(early?.type === 'early-stop');
  assert.deepEqual([early.bestStep, early.step], [best?.step, step]);
  assert.equal(trace.length, best!.step / 2 + 3, 'two more than the best, and the one before training');
  assert.equal(best?.validationLoss, Math.min(...trace.map(({ validationLoss }) => validationLoss)));
  if (best.step === 0) assert.deepEqual(kept, weights);
});

test('a loss that is no number ends the run with its evidence, and the best checkpoint is kept first', async () => {
  const checkpoints: boolean[] = [];
  const wild = trained([{ ...probe, rate: 1e38, epochs: 5, schedule: 'constant' }], { checkpoint: (_, best) => checkpoints.push(best) });
  await assert.rejects(wild, (error: Error) => error instanceof Refused && error.diagnostics[0]?.code === 'non-finite-loss' && /at step \d, rate 1.0e\+38/.test(error.message));
  assert.deepEqual(checkpoints, [true]);
});

test('a control whose time is up ends with an evaluation', async () => {
  const { trained: { how, step, trace } } = await trained([{ ...probe, epochs: 50 }], { deadlineMs: monotonicMs() });
  assert.deepEqual([how, step, trace.at(-1)?.step], ['deadline', 1, 1]);
});

test('a batch that goes through in parts is the same step, in training and in judging', async () => {
  const whole = await trained([probe, thaw]), inParts = await trained([probe, thaw], { rowsAtOnce: () => 3 });
  assert.equal(inParts.trained.step, whole.trained.step);
  let furthest = 0;
  for (const [name, { data }] of inParts.trained.weights) {
    const expected = whole.trained.weights.get(name)!.data;
    for (const [i, value] of data.entries()) furthest = Math.max(furthest, Math.abs(value - expected[i]!));
  }
  assert.ok(furthest < 1e-5, `weights differ by up to ${furthest}`); // sums in another order
});
