/** The training loop on a network of a few hundred weights, on the reference engine. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RunFact } from '../../../../src/protocol/runEvent.ts';
import type { StagePlan } from '../../../../src/experiment/plan.ts';
import { BoundaryFeatures } from '../../../../src/trainer/child/features/features.ts';
import type { FeaturePrecision } from '../../../../src/engine/featureRecord.ts';
import { isJudged } from '../../../../src/trainer/child/stages/trace.ts';
import { leaveStage } from '../../../../src/experiment/leaveStage.ts';
import { monotonicMs } from '../../../../src/base/clock.ts';
import { portable } from '../../../../src/engine/kernels.ts';
import { randomWeights } from '../../../../src/backbones/initialise.ts';
import { Refused } from '../../../../src/protocol/diagnostic.ts';
import { shapesOf, sizeOf } from '../../../../src/backbones/shapes.ts';
import { train } from '../../../../src/trainer/child/loop.ts';
import type { TrainCheckpoint, Trained, TrainJob } from '../../../../src/trainer/child/stages/trainJob.ts';
import { MemoryStore } from '../../../support/memoryStore.ts';
import { tinyDataset, tinyInput, tinyPixels, tinySource } from '../../../support/tinyData.ts';
import { stageOf } from '../../../support/stage.ts';
import { tinyLite } from '../../../support/tinyLite.ts';
import '../../../support/cpuEngine.ts';

const network = tinyLite(), weights = randomWeights(network, 5), dataset = tinyDataset();
const probe = stageOf({ name: 'probe', train: ['head'], epochs: 2, rate: 0.05, warmup: 0 });
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
    plan: { stages, batch: 8, stop: { patience: 10, metric: 'validation.loss', minImprovement: 0 }, seed: 1 },
    sourceOf: () => Promise.resolve(tinySource),
    append: (fact) => { facts.push(fact); onFact(fact); },
    checkpoint: (checkpoint, role) => checkpoints.push({ ...checkpoint, best: role !== 'last' }),
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
  const plan = { stages: [probe], batch: 8, stop: { patience: 10, metric: 'validation.loss' as const, minImprovement: 0 }, seed: 2 };
  const [once, again, other] = [await trained([probe]), await trained([probe]), await trained([probe], { plan })];
  assert.deepEqual(lossesOf(again), lossesOf(once));
  assert.notDeepEqual(lossesOf(other), lossesOf(once));
});

test('layers thawed and frozen while it trains are stages of the plan, and training that plan gives the same weights', async () => {
  const orders = new Map([[2, ['head', 'blocks.2']], [5, ['head', 'conv_head']]]);
  let stages: readonly StagePlan[] = [{ ...probe, epochs: 6, warmup: 0.2 }, thaw], epoch = 0;
  const changed: TrainJob['changed'] = (index, left) => {
    const train = orders.get(++epoch);
    return train && (stages = leaveStage(stages, index, left, train, 'thawed'));
  };
  const live = await trained(stages, { changed });
  assert.deepEqual(live.trained.stages.map(({ name, train, epochs, leaveAfter }) => [name, train, epochs, leaveAfter]), [
    ['probe', ['head'], 6, 2], ['probe thawed', ['head', 'blocks.2'], 4, 3], ['probe thawed', ['head', 'conv_head'], 1, 0], ['thaw', thaw.train, 2, 0],
  ]);
  const replayed = await trained(live.trained.stages), untouched = await trained([{ ...probe, epochs: 6, warmup: 0.2 }, thaw]);
  assert.deepEqual(replayed.trained.weights, live.trained.weights);
  assert.deepEqual(replayed.trained.trace, live.trained.trace);
  assert.notDeepEqual(untouched.trained.trace.at(-1), live.trained.trace.at(-1));
  const last = live.checkpoints.at(-1)!;
  assert.deepEqual([live.trained.trace.length, last.state.epoch], [9, 8]);
});

test('a stop keeps the best so far and where it was, with optimizer and place in the epoch', async () => {
  const stopping = new AbortController();
  const { trained: { how, step, best }, checkpoints } = await trained([{ ...probe, epochs: 50 }], { stop: stopping.signal }, (fact) => {
    if (fact.type === 'evaluated' && fact.step === 4) stopping.abort();
  });
  assert.deepEqual([how, step, best?.step], ['stopped', 4, 4]);
  assert.deepEqual(checkpoints.map(({ step: at, best: isBest }) => [at, isBest]), [[4, true]]);
  const { state, optimizer, weights: kept } = checkpoints[0]!;
  const { stage, epoch, stepInEpoch, trainable, seed } = state;
  assert.deepEqual([stage, epoch, stepInEpoch, trainable, seed], [0, 2, 0, ['head.weight', 'head.bias'], 1]);
  assert.equal(optimizer.get('head.weight/step')?.data[0], 4);
  assert.deepEqual([...kept.keys()].filter((name) => name.startsWith('head')), ['head.weight', 'head.bias']);
});

/** Training that is interrupted at `at`, and goes on from the checkpoint that it kept: a stop's, or the last before it died. */
async function interrupted(stages: readonly StagePlan[], at: (fact: RunFact) => boolean, job: Partial<TrainJob> = {}): Promise<Trained> {
  const stopping = new AbortController(), kept: { last?: TrainCheckpoint; best?: TrainCheckpoint } = {};
  const { how } = (await trained(stages, {
    ...job, stop: stopping.signal,
    checkpoint: (checkpoint, role) => {
      if (role !== 'last') kept.best = checkpoint;
      if (role !== 'best') kept.last = checkpoint;
    },
  }, (fact) => { if (at(fact)) stopping.abort(); })).trained;
  assert.equal(how, 'stopped');
  return (await trained(stages, { ...job, from: { ...kept.last!, bestWeights: kept.best?.weights ?? new Map() } })).trained;
}

test('training that was interrupted goes on from its checkpoint to the very same weights, wherever that was', async () => {
  const batch = { batch: 3, stop: { patience: 10, metric: 'validation.loss' as const, minImprovement: 0 }, seed: 1 }; // 4 steps a pass
  const stages = [probe, { ...thaw, batchNorm: 'batch' as const, ema: 0.9, wiseFt: 'auto' as const }, { ...thaw, ...everyKey, wiseFt: 'off' as const, regularize: { l2sp: 0.01, delta: 0, bss: 0, lwf: 0 } }];
  const whole = (await trained(stages, { plan: { ...batch, stages } })).trained;
  let asked = 0;
  for (const step of [0, 3, 8, 9, 16, 19]) {
    const resumed = await interrupted(stages, (fact) => (fact.type === 'step' || fact.type === 'evaluated') && fact.step >= step && asked++ >= 0, { plan: { ...batch, stages } });
    assert.deepEqual(resumed, whole, `after step ${step}`);
  }
  assert.ok(asked >= 6 && whole.step > 19, `${asked}, ${whole.step}`);
});

test('patience and an early end are the same for training that was interrupted', async () => {
  const worse = { ...probe, rate: 3, epochs: 20, schedule: 'constant' as const };
  const plan = { stages: [worse], batch: 8, stop: { patience: 2, metric: 'validation.loss' as const, minImprovement: 0 }, seed: 1 }, whole = (await trained([worse], { plan })).trained;
  for (const step of [0, whole.best!.step, whole.step - 2]) assert.deepEqual(await interrupted([worse], (fact) => fact.type === 'evaluated' && fact.step === step, { plan }), whole, `after ${step}`);
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

test('test photos are judged only of weights that are the best so far, and as they would be had training ended there', async () => {
  const stage = { ...probe, rate: 1, epochs: 12, schedule: 'constant' as const };
  let judged = 0;
  const sourceOf = (): ReturnType<TrainJob['sourceOf']> => Promise.resolve({
    ...tinySource,
    blocks(rows, size, signal) {
      if (rows[0]!.sample === dataset.rows.test[0]) judged++;
      return tinySource.blocks(rows, size, signal);
    },
  });
  const { trained: { best, trace }, facts } = await trained([stage], { sourceOf }), bests = facts.flatMap((fact) => fact.type === 'evaluated' && fact.best ? [fact.step] : []);
  assert.ok(bests.length > 2 && bests.length < trace.length, `${bests.length} of ${trace.length}`);
  assert.equal(judged, bests.length);
  assert.deepEqual(trace.filter(isJudged).map(({ step }) => step), bests);
  for (const step of bests.slice(1, 3)) assert.deepEqual((await trained([{ ...stage, epochs: step / 2 }])).trained.best, trace.find((each) => each.step === step));
  assert.equal(best, trace.find(({ step }) => step === bests.at(-1)));
});

test('without improvement a stage ends, and the best weights go on', async () => {
  const worse = { ...probe, rate: 3, epochs: 20, schedule: 'constant' as const };
  const plan = { stages: [worse], batch: 8, stop: { patience: 2, metric: 'validation.loss' as const, minImprovement: 0 }, seed: 1 };
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
  const wild = trained([{ ...probe, rate: 1e38, epochs: 5, schedule: 'constant' }], { checkpoint: (_, role) => checkpoints.push(role === 'best') });
  await assert.rejects(wild, (error: Error) => error instanceof Refused && error.diagnostics[0]?.code === 'non-finite-loss' && /at step \d, rate 1.0e\+38/.test(error.message));
  assert.deepEqual(checkpoints, [true]);
});

test('units that die while a stage trains are told of once, with the layer', async () => {
  const wild = { ...probe, train: ['head', 'conv_head'], rate: 0.3, epochs: 26, schedule: 'constant' as const, augment: 'none' as const, batchNorm: 'stored' as const };
  const sourceOf: TrainJob['sourceOf'] = (from) => {
    const width = sizeOf(shapesOf(network).get(from)!);
    return Promise.resolve({
      from, width,
      async *blocks(rows, size) {
        for (let at = 0; at < rows.length; at += size) yield await Promise.resolve(Float32Array.from({ length: size * width }, (_, i) => Math.sin((rows[at + Math.floor(i / width)]?.sample ?? 0) * 7 + i % width)));
      },
    });
  };
  const plan: TrainJob['plan'] = { stages: [wild], batch: 8, stop: { patience: 100, metric: 'validation.loss', minImprovement: 0 }, seed: 1 };
  const { facts } = await trained([], { plan, dataset: tinyDataset(54), watchesUnits: true, sourceOf });
  const dead = facts.flatMap((fact) => fact.type === 'warning' && fact.diagnostic.code === 'dead-units' ? [fact.diagnostic.message] : []);
  assert.equal(dead.length, 1);
  assert.match(dead[0]!, /^at step \d+, \d+ of 12 units of "bn2\.act" \(\d+ %\) are dead: .* stage "probe" began$/);
});

test('a control whose time is up ends with an evaluation', async () => {
  const { trained: { how, step, trace } } = await trained([{ ...probe, epochs: 50 }], { deadlineMs: monotonicMs() });
  assert.deepEqual([how, step, trace.at(-1)?.step], ['deadline', 1, 1]);
});

test('a batch that goes through in parts is the same step, in training and in judging', async () => {
  const whole = await trained([probe, thaw]), inParts = await trained([probe, thaw], { fitOf: () => ({ rowsAtOnce: 3, recomputes: false }) });
  assert.equal(inParts.trained.step, whole.trained.step);
  let furthest = 0;
  for (const [name, { data }] of inParts.trained.weights) {
    const expected = whole.trained.weights.get(name)!.data;
    for (const [i, value] of data.entries()) furthest = Math.max(furthest, Math.abs(value - expected[i]!));
  }
  assert.ok(furthest < 1e-5, `weights differ by up to ${furthest}`); // sums in another order
});

const apartOf = (a: Trained, b: Trained): number => Math.max(...[...a.weights].flatMap(([name, { data }]) => Array.from(data, (value, i) => Math.abs(value - b.weights.get(name)!.data[i]!))));

test('a stage that counts steps ends at the last of them, and is judged after each pass and there', async () => {
  const { trained: { step, trace }, facts } = await trained([{ ...probe, steps: 5 }]);
  assert.deepEqual([step, trace.map((each) => each.step)], [5, [0, 2, 4, 5]]);
  assert.deepEqual(facts.flatMap((fact) => fact.type === 'evaluated' ? [fact.epoch] : []), [0, 1, 2, 2.5]);
});

test('updates over two batches of 4 are those of batches of 8', async () => {
  const plan = (batch: number): TrainJob['plan'] => ({ stages: [probe], batch, stop: { patience: 10, metric: 'validation.loss', minImprovement: 0 }, seed: 1 });
  const whole = await trained([probe], { plan: plan(8) }), halves = await trained([], { plan: { ...plan(4), stages: [{ ...probe, accumulate: 2 }] } });
  assert.equal(halves.trained.step, whole.trained.step);
  assert.ok(apartOf(whole.trained, halves.trained) < 1e-5, `${apartOf(whole.trained, halves.trained)}`); // sums in another order
});

test('a head that begins as class means tells classes apart before the first step, and is what is trained on', async () => {
  const { trained: { trace, weights: after } } = await trained([{ ...probe, headStart: 'prototypes', epochs: 1, rate: 1e-6 }], { sourceOf: cachedIn('float32') });
  assert.ok(trace[0]!.validationAccuracy > 0.6 && trace[0]!.validationLoss < Math.log(3), `${trace[0]!.validationAccuracy}, ${trace[0]!.validationLoss}`);
  const { shape: [classes, width], data } = after.get('head.weight')!, lengths = Array.from({ length: classes! }, (_, i) => Math.hypot(...data.subarray(i * width!, (i + 1) * width!)));
  assert.ok(Math.max(...lengths) - Math.min(...lengths) < 1e-3 * lengths[0]!, lengths.join());
});

test('WiSE-FT keeps the weights that lie so far between the stage\'s first and its best, and the next stage goes on from there', async () => {
  const [probed, whole, mixed] = [await trained([probe]), await trained([probe, thaw]), await trained([probe, { ...thaw, wiseFt: 0.25 }])];
  assert.ok(whole.trained.best!.step > probed.trained.step, 'thawing helped');
  for (const [name, { data }] of mixed.trained.weights) {
    const from = probed.trained.weights.get(name)!.data, to = whole.trained.weights.get(name)!.data;
    for (const [i, value] of data.entries()) assert.ok(Math.abs(value - (from[i]! + 0.25 * (to[i]! - from[i]!))) < 1e-6, name);
  }
  assert.notEqual(mixed.trained.best!.validationLoss, whole.trained.best!.validationLoss);
  assert.deepEqual(mixed.trained.best, mixed.trained.trace.at(-1));
  const auto = await trained([probe, { ...thaw, wiseFt: 'auto' }]);
  assert.ok(auto.trained.best!.validationLoss <= whole.trained.best!.validationLoss);
  assert.ok(mixed.facts.some((fact) => fact.type === 'warning' && /25 % of the way/.test(fact.diagnostic.message)));
});

test('an average of weights is what is judged, kept and handed on, with what it is an average of beside it', async () => {
  const stopping = new AbortController(), { trained: { weights: kept, best }, checkpoints } = await trained([{ ...probe, ema: 0.9, epochs: 3 }], { stop: stopping.signal }, (fact) => {
    if (fact.type === 'evaluated' && fact.step === 4) stopping.abort();
  }), plain = await trained([{ ...probe, epochs: 3 }]);
  assert.notEqual(best!.validationLoss, plain.trained.trace.at(-2)!.validationLoss);
  const { weights: stored, optimizer } = checkpoints.at(-1)!;
  assert.deepEqual(stored.get('head.weight'), kept.get('head.weight'));
  assert.notDeepEqual(optimizer.get('head.weight/value'), kept.get('head.weight'));
  assert.equal(optimizer.get('average/step')?.data[0], 4);
});

test('an epoch that is better by too little counts as none', async () => {
  const stop = (minImprovement: number): Partial<TrainJob> => ({ plan: { stages: [{ ...probe, epochs: 8, rate: 1e-4 }], batch: 8, stop: { patience: 2, metric: 'validation.loss', minImprovement }, seed: 1 } });
  const [patient, strict] = [await trained([], stop(0)), await trained([], stop(1))];
  assert.deepEqual([patient.trained.step, strict.trained.step], [16, 4], 'two epochs beside the mark that the untouched network set');
  assert.ok(strict.trained.best!.step > 0, 'the best is kept all the same');
});

const everyKey: Partial<StagePlan> = {
  optimizer: 'nesterov', schedule: 'one-cycle', warmup: 0.3, clip: 1, accumulate: 2, dropout: 0.2, dropPath: 0.2, loss: 'focal', labelSmoothing: 0.1, classBalance: 'effective',
  mixup: 0.2, cutmix: 1, ema: 0.9, wiseFt: 'auto', regularize: { l2sp: 0.01, delta: 0.01, bss: 0.001, lwf: 0 },
};

test('all keys together train, the same from the same seed, and each of them alone changes the run', async () => {
  const lossesOf = ({ trained: { trace } }: Told): number[] => trace.map(({ validationLoss }) => validationLoss);
  const stages = [probe, { ...thaw, ...everyKey }], [once, again] = [await trained(stages), await trained(stages)];
  assert.deepEqual(lossesOf(again), lossesOf(once));
  assert.ok(lossesOf(once).every(Number.isFinite));
  const plain = lossesOf(await trained([thaw]));
  const alone: readonly Partial<StagePlan>[] = [
    { optimizer: 'adam' }, { optimizer: 'sgd' }, { optimizer: 'nesterov' }, { schedule: 'step' }, { schedule: 'polynomial' }, { schedule: 'one-cycle' }, { clip: 0.01 }, { accumulate: 2 },
    { dropout: 0.3 }, { loss: 'focal' }, { labelSmoothing: 0.2 }, { mixup: 1 }, { cutmix: 1 }, { ema: 0.9 }, { batchNorm: 'batch' }, { augment: 'none' },
    { regularize: { l2sp: 10, delta: 0, bss: 0, lwf: 0 } }, { regularize: { l2sp: 0, delta: 100, bss: 0, lwf: 0 } }, { regularize: { l2sp: 0, delta: 0, bss: 1, lwf: 0 } },
  ];
  assert.notDeepEqual(lossesOf(await trained([{ ...thaw, train: ['all'], dropPath: 0.9 }])), lossesOf(await trained([{ ...thaw, train: ['all'] }])));
  for (const key of alone) assert.notDeepEqual(lossesOf(await trained([{ ...thaw, ...key }])), plain, JSON.stringify(key));
});
