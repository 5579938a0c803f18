/** What the settings of a stage do to a step, on the reference engine: each against numbers worked out otherwise. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import type { Weights } from '../../../src/backbones/tensorData.ts';
import { dropPathShares, residualsOf } from '../../../src/backbones/residuals.ts';
import { rng } from '../../../src/base/rng.ts';
import { portable } from '../../../src/engine/kernels.ts';
import { classBalance } from '../../../src/engine/losses/classBalance.ts';
import { drawNoise } from '../../../src/engine/noise.ts';
import { classification } from '../../../src/engine/objective.ts';
import { adamW, sgd } from '../../../src/engine/optimizer.ts';
import { createState, disposeState, evaluateBatch, movingOf, optimizerStateOf, restore, setStage, takeLoss, trainStep, weightsOf, type Batch, type StageSettings, type TrainState } from '../../../src/engine/step.ts';
import { parametersIn, tinyNetwork, tinyWeights } from '../../support/tinyNetwork.ts';
import '../../support/cpuEngine.ts';

const input = { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] } as const, start = tinyWeights();
const newState = (optimizer = adamW()): TrainState => createState({ network: tinyNetwork, from: 'input', input, weights: start, kernels: portable, optimizer });
const training = (names: readonly string[], more: Partial<StageSettings> = {}): StageSettings => ({ groups: [{ names, rateFactor: 1, weightDecay: 0 }], bnStatistics: 'stored', ...more });
const all = parametersIn('stem', 'blocks.0', 'blocks.1', 'head');

function batch(seed: number, rows = 4): Batch {
  const { normal, int } = rng(seed, 'batch');
  return {
    x: Float32Array.from({ length: rows * 108 }, normal), labels: Int32Array.from({ length: rows }, () => int(3)),
    weights: new Float32Array(rows).fill(1), random: (stream) => rng(seed, stream),
  };
}

/** Weights and loss after steps on these batches. */
async function after(settings: StageSettings, batches: readonly Batch[], optimizer = adamW()): Promise<{ weights: Weights; loss: number }> {
  const state = newState(optimizer);
  setStage(state, settings);
  for (const each of batches) trainStep(state, each, 0.05);
  const end = { loss: await takeLoss(state), weights: await weightsOf(state) };
  disposeState(state);
  return end;
}

const furthest = (a: Weights, b: Weights): number => Math.max(...[...a].flatMap(([name, { data }]) => Array.from(data, (value, i) => Math.abs(value - b.get(name)!.data[i]!))));

test('label smoothing changes the loss by exactly its share of the mean surprise at all classes', async () => {
  const state = newState(), { labels, weights, x } = batch(1);
  const { logits } = await evaluateBatch(state, { x, labels, weights });
  disposeState(state);
  const surprise = (row: number, k: number): number => Math.log([0, 1, 2].reduce((sum, j) => sum + Math.exp(logits[row * 3 + j]!), 0)) - logits[row * 3 + k]!;
  const expected = [0, 1, 2, 3].reduce((sum, row) => sum + 0.8 * surprise(row, labels[row]!) + 0.2 / 3 * [0, 1, 2].reduce((all, k) => all + surprise(row, k), 0), 0) / 4;
  const { loss } = await after(training(all, { objective: classification({ classes: 3, labelSmoothing: 0.2 }) }), [batch(1)]);
  assert.ok(Math.abs(loss - expected) < 1e-5, `${loss}, not ${expected}`); // float32
});

test('two batches of 16 in one update equal one of 32', async () => {
  const whole = await after(training(all), [batch(2, 32)]), parts = await after(training(all, { rowsAtOnce: 16 }), [batch(2, 32)]);
  assert.ok(furthest(whole.weights, parts.weights) < 1e-5); // sums in another order
  assert.ok(Math.abs(whole.loss - parts.loss) < 1e-6);
});

test('an average of weights is what is evaluated and read, and equals the one worked out by hand', async () => {
  const settings = training(all, { bnStatistics: 'batch' }), state = newState(), plain = newState();
  setStage(state, { ...settings, averageDecay: 0.2 });
  setStage(plain, settings);
  let expected: Weights = start;
  for (let step = 1; step <= 3; step++) {
    for (const each of [state, plain]) trainStep(each, batch(step), 0.05);
    const now = await weightsOf(plain), decay = Math.min(0.2, (1 + step) / (10 + step)), before = expected;
    expected = new Map([...now].map(([name, { shape, data }]) => [name, { shape, data: data.map((value, i) => decay * before.get(name)!.data[i]! + (1 - decay) * value) }]));
  }
  assert.ok(furthest(await weightsOf(state), expected) < 1e-6);
  assert.ok(furthest(await weightsOf(state), await weightsOf(plain)) > 1e-3, 'it is not the last weights');
  restore(plain, expected);
  const [a, b] = [await evaluateBatch(state, batch(9)), await evaluateBatch(plain, batch(9))];
  assert.ok(a.logits.every((value, i) => Math.abs(value - b.logits[i]!) < 1e-5));
  [state, plain].forEach(disposeState);
});

test('a checkpoint of averaged weights resumes as if it had not stopped', async () => {
  const settings = training(all, { averageDecay: 0.9 }), through = newState(), resumed = newState();
  for (const state of [through, resumed]) setStage(state, settings);
  for (let step = 0; step < 2; step++) trainStep(through, batch(step), 0.05);
  const weights = await weightsOf(through), moments = new Map([...await optimizerStateOf(through), ...await movingOf(through)]);
  restore(resumed, weights, moments);
  for (const state of [through, resumed]) trainStep(state, batch(7), 0.05);
  assert.deepEqual(await weightsOf(resumed), await weightsOf(through));
  [through, resumed].forEach(disposeState);
});

test('stochastic depth falls on residual blocks that train, in proportion to their depth, and never on frozen ones', () => {
  assert.deepEqual(residualsOf(tinyNetwork).map(({ add, branch }) => [add, [...branch].sort()]), [['blocks.0.add', ['blocks.0.bn', 'blocks.0.conv_dw']]]);
  assert.deepEqual([...dropPathShares(tinyNetwork, new Set(parametersIn('blocks.0', 'head')), 0.3)], [['blocks.0.add', 0.3]]);
  assert.deepEqual([...dropPathShares(tinyNetwork, new Set(parametersIn('stem', 'head')), 0.3)], []);
});

test('what is left out in a step is scaled up in what stays, is the same from the same seed, and evaluation leaves out nothing', async () => {
  const noise = { dropout: 0.5, dropPath: new Map([['blocks.0.add', 0.25]]) };
  const factors = drawNoise(tinyNetwork, noise, (stream) => rng(3, stream), 400);
  assert.deepEqual(factors.map(({ node, shape }) => [node, shape]), [['blocks.0.add', [1, 1, 1]], ['head', [5]]]);
  for (const [factor, share] of [[factors[0]!, 0.25], [factors[1]!, 0.5]] as const) {
    assert.deepEqual([...new Set(factor.values)].sort(), [0, Math.fround(1 / (1 - share))]);
    assert.ok(Math.abs(factor.values.filter((value) => value === 0).length / factor.values.length - share) < 0.08);
  }
  const settings = training(all, { noise }), [once, again, without] = [await after(settings, [batch(4)]), await after(settings, [batch(4)]), await after(training(all), [batch(4)])];
  assert.deepEqual(once, again);
  assert.notEqual(once.loss, without.loss);
  const [quiet, loud] = [newState(), newState()];
  setStage(loud, settings);
  assert.deepEqual(await evaluateBatch(loud, batch(5)), await evaluateBatch(quiet, batch(5)));
  [quiet, loud].forEach(disposeState);
});

test('a batch in parts draws and mixes as the whole does', async () => {
  const settings = training(all, { noise: { dropout: 0.3, dropPath: new Map([['blocks.0.add', 0.5]]) }, mixing: { mixup: 1, cutmix: 0 }, objective: classification({ classes: 3, labelSmoothing: 0.1, gamma: 2, classWeights: Float32Array.of(0.5, 1, 2) }) });
  const whole = await after(settings, [batch(6, 8)], sgd()), parts = await after({ ...settings, rowsAtOnce: 3 }, [batch(6, 8)], sgd());
  assert.ok(Math.abs(whole.loss - parts.loss) < 1e-5, `${whole.loss} and ${parts.loss}`);
  assert.ok(furthest(whole.weights, parts.weights) < 1e-5);
});

test('a head without its inputs learns nothing but its bias', async () => {
  const { weights } = await after(training(parametersIn('head'), { noise: { dropout: 0.999999, dropPath: new Map() } }), [batch(8)], sgd());
  assert.deepEqual(weights.get('head.weight'), start.get('head.weight'));
  assert.notDeepEqual(weights.get('head.bias'), start.get('head.bias'));
});

const none = { l2sp: 0, delta: 0, bss: 0, lwf: 0 }, { normal } = rng(1, 'source head');
const sourceHead: Weights = new Map([['head.weight', { shape: [4, 5], data: Float32Array.from({ length: 20 }, normal) }], ['head.bias', { shape: [4], data: Float32Array.from({ length: 4 }, normal) }]]);

test('what holds to the source is nothing where training begins, and grows as weights leave it', async () => {
  for (const kind of ['l2sp', 'delta', 'lwf'] as const) {
    const settings = training(all, { restraint: { strengths: { ...none, [kind]: 1 }, source: start, sourceHead } });
    const [free, first] = [await after(training(all), [batch(1)]), await after(settings, [batch(1)])];
    assert.ok(Math.abs(first.loss - free.loss) < 1e-5, `${kind} at the start: ${first.loss - free.loss}`);
    const [away, held] = [await after(training(all), [batch(1), batch(1)]), await after(settings, [batch(1), batch(1)])];
    assert.ok(held.loss > away.loss, `${kind} after a step`);
  }
});

test('strong L2-SP keeps the backbone nearer to its source than none does, and leaves the head alone', async () => {
  const batches = [1, 2, 3, 4, 5].map((seed) => batch(seed)), way = (weights: Weights, name: string): number => weights.get(name)!.data.reduce((sum, value, i) => sum + (value - start.get(name)!.data[i]!) ** 2, 0);
  const [free, held] = [await after(training(all), batches, sgd()), await after(training(all, { restraint: { strengths: { ...none, l2sp: 10 }, source: start } }), batches, sgd())];
  assert.ok(way(held.weights, 'blocks.1.conv.weight') < 0.6 * way(free.weights, 'blocks.1.conv.weight'));
  assert.ok(way(held.weights, 'head.weight') > 0.5 * way(free.weights, 'head.weight'));
});

test('restraints in parts add up to those of the whole batch', async () => {
  const settings = training(all, { restraint: { strengths: { l2sp: 0.5, delta: 0.5, bss: 0, lwf: 0.5 }, source: start, sourceHead } }), batches = [batch(1, 6), batch(2, 6)];
  const whole = await after(settings, batches, sgd()), parts = await after({ ...settings, rowsAtOnce: 4 }, batches, sgd());
  assert.ok(furthest(whole.weights, parts.weights) < 1e-5, String(furthest(whole.weights, parts.weights)));
});

test('spectral shrinkage makes the smallest singular value of the features smaller', async () => {
  const { loss } = await after(training(all), [batch(1)]), shrunk = await after(training(all, { restraint: { strengths: { ...none, bss: 1 }, source: start } }), [batch(1)]);
  assert.ok(shrunk.loss > loss);
});

test('no setting leaves a tensor behind', async () => {
  const before = tf.memory().numTensors, state = newState();
  for (let stage = 0; stage < 2; stage++) {
    setStage(state, training(all, {
      averageDecay: 0.9, mixing: { mixup: 0.5, cutmix: 1 }, noise: { dropout: 0.1, dropPath: new Map([['blocks.0.add', 0.5]]) }, rowsAtOnce: 3,
      restraint: { strengths: { l2sp: 1, delta: 1, bss: 1, lwf: 1 }, source: start, sourceHead },
    }));
    const counts: number[] = [];
    for (let step = 0; step < 4; step++) {
      trainStep(state, batch(step), 0.01);
      await takeLoss(state);
      counts.push(tf.memory().numTensors);
    }
    assert.equal(counts[3], counts[1]);
    await evaluateBatch(state, batch(1));
  }
  disposeState(state);
  assert.equal(tf.memory().numTensors, before);
});

test('a step that draws wants to be told from what', () => {
  const state = newState(), { random: _, ...plain } = batch(1);
  setStage(state, training(all, { mixing: { mixup: 0.2, cutmix: 0 } }));
  assert.throws(() => trainStep(state, plain, 0.1), /brings no randomness/);
  disposeState(state);
});

test('class weights balance what each class counts for, milder by effective numbers, one on average', () => {
  const counts = [10, 1000, 90], total = 1100, sumOf = (weights: Float32Array): number => weights.reduce((sum, weight, i) => sum + weight * counts[i]!, 0);
  const inverse = classBalance('inverse', counts)!, effective = classBalance('effective', counts)!;
  assert.equal(classBalance('none', counts), undefined);
  for (const weights of [inverse, effective]) assert.ok(Math.abs(sumOf(weights) - total) < 0.01);
  assert.ok(Math.abs(inverse[0]! / inverse[1]! - 100) < 1e-3);
  const number = (n: number): number => (1 - 0.999 ** n) / 0.001; // of Cui et al.
  assert.ok(Math.abs(effective[0]! / effective[1]! - number(1000) / number(10)) < 1e-3);
});
