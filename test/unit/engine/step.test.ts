import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { splitAt } from '../../../src/backbones/boundary.ts';
import { parametersOf } from '../../../src/backbones/parameters.ts';
import type { Weights } from '../../../src/backbones/tensorData.ts';
import { randomWeights } from '../../../src/backbones/initialise.ts';
import type { Network } from '../../../src/backbones/op.ts';
import { sizeOf } from '../../../src/backbones/shapes.ts';
import { rng } from '../../../src/base/rng.ts';
import { forward } from '../../../src/engine/forward.ts';
import { portable, type Kernels } from '../../../src/engine/kernels.ts';
import { adamW } from '../../../src/engine/optimizer.ts';
import { deviceParameters, writeParameters } from '../../../src/engine/parameters.ts';
import { createState, disposeState, evaluateBatch, optimizerStateOf, restore, setStage, takeLoss, trainStep, weightsOf, type Batch, type StageSettings, type TrainState } from '../../../src/engine/step.ts';
import { TensorStore } from '../../../src/engine/tensorStore.ts';
import { leaksNothing } from '../../support/leaks.ts';
import { parametersIn, tinyNetwork, tinyWeights } from '../../support/tinyNetwork.ts';
import { tinyVit } from '../../support/tinyVit.ts';
import '../../support/cpuEngine.ts';

const input = { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] } as const;
const rows = 4;
const start = tinyWeights();

const newState = (from = 'input'): TrainState =>
  createState({ network: tinyNetwork, from, input, weights: start, kernels: portable, optimizer: adamW() });

const training = (names: readonly string[], more: Partial<StageSettings> = {}): StageSettings =>
  ({ groups: [{ names, rateFactor: 1, weightDecay: 0.01 }], bnStatistics: 'stored', ...more });

function batch(seed: number, used = rows): Batch {
  const { normal, int } = rng(seed, 'batch');
  return {
    x: Float32Array.from({ length: rows * 108 }, normal),
    labels: Int32Array.from({ length: rows }, () => int(3)),
    weights: Float32Array.from({ length: rows }, (_, row) => (row < used ? 1 : 0)),
  };
}

/** Names whose values differ. */
const changed = (before: Weights, after: Weights): string[] =>
  [...after].filter(([name, { data }]) => data.some((value, i) => value !== before.get(name)!.data[i])).map(([name]) => name);

test('only what trains moves: no gradient, no decay and no statistics for the rest', async () => {
  const state = newState();
  setStage(state, training(parametersIn('blocks.1', 'head'), { bnStatistics: 'batch' }));
  for (let step = 0; step < 3; step++) trainStep(state, batch(step), 0.01);
  const moved = changed(start, await weightsOf(state));
  assert.deepEqual(moved.sort(), [...parametersIn('blocks.1', 'head'), 'blocks.1.bn.running_mean', 'blocks.1.bn.running_var'].sort());
  disposeState(state);
});

test('a trainable block keeps its batch-norm statistics when its stage says stored', async () => {
  const state = newState();
  setStage(state, training(parametersIn('stem', 'blocks.0', 'blocks.1', 'head')));
  trainStep(state, batch(0), 0.01);
  assert.deepEqual(changed(start, await weightsOf(state)).filter((name) => name.includes('running')), []);
  disposeState(state);
});

test('a frozen block between trained ones lets the gradient through and stays as it is', async () => {
  const state = newState();
  setStage(state, training(parametersIn('stem', 'head'), { bnStatistics: 'batch' }));
  trainStep(state, batch(0), 0.01);
  const moved = changed(start, await weightsOf(state));
  assert.deepEqual(moved.sort(), [...parametersIn('stem', 'head'), 'stem.bn.running_mean', 'stem.bn.running_var'].sort());
  disposeState(state);
});

test('training the rest on cached features gives the weights of training the whole network', async () => {
  const boundary = 'blocks.0.add', { prefix } = splitAt(tinyNetwork, boundary);
  const parameters = new TensorStore();
  writeParameters(parameters, deviceParameters(prefix), start);
  const whole = newState(), rest = newState(boundary);
  for (const state of [whole, rest]) setStage(state, training(parametersIn('blocks.1', 'head'), { bnStatistics: 'batch' }));
  for (let step = 0; step < 3; step++) {
    const pixels = batch(step);
    const features = tf.tidy(() => forward(prefix, tf.tensor(pixels.x, [rows, 6, 6, 3]), { kernels: portable, parameters, batchStatistics: new Set() }).dataSync<'float32'>());
    trainStep(whole, pixels, 0.01);
    trainStep(rest, { ...pixels, x: features }, 0.01);
  }
  const [a, b] = [await weightsOf(whole), await weightsOf(rest)];
  assert.deepEqual([...b.keys()], [...a.keys()].filter((name) => /^(blocks\.1|head)\./.test(name)));
  for (const [name, tensor] of b) assert.deepEqual(tensor, a.get(name), name);
  parameters.dispose();
  [whole, rest].forEach(disposeState);
});

test('training the rest of a vision transformer on cached tokens gives the weights of training the whole of it', async () => {
  const network = tinyVit(), weights = tinyWeights(network), boundary = 'blocks.0.add2', { prefix, suffix } = splitAt(network, boundary);
  const names = parametersOf(suffix).map(({ name }) => name);
  const on = (from: string): TrainState => createState({ network, from, input, weights, kernels: portable, optimizer: adamW() });
  const whole = on('input'), rest = on(boundary), frozen = new TensorStore();
  writeParameters(frozen, deviceParameters(prefix), weights);
  for (const state of [whole, rest]) setStage(state, training(names));
  for (let step = 0; step < 3; step++) {
    const { normal } = rng(step, 'images'), images = { ...batch(step), x: Float32Array.from({ length: rows * 8 * 12 * 3 }, normal) };
    trainStep(whole, images, 0.01);
    const tokens = tf.tidy(() => forward(prefix, tf.tensor(images.x, [rows, ...network.input]), { kernels: portable, parameters: frozen, batchStatistics: new Set() }));
    assert.deepEqual(tokens.shape, [rows, 8, 8]);
    trainStep(rest, { ...images, x: tokens.dataSync<'float32'>().slice() }, 0.01);
    tokens.dispose();
  }
  const found = await weightsOf(whole);
  for (const [name, { data }] of await weightsOf(rest)) assert.deepEqual(data, found.get(name)!.data, name);
  assert.deepEqual(changed(weights, found).sort(), [...names].sort());
  frozen.dispose();
  for (const state of [whole, rest]) disposeState(state);
});

test('resuming equals not stopping', async () => {
  const settings = training(parametersIn('blocks.0', 'blocks.1', 'head'), { bnStatistics: 'batch', clipNorm: 0.5 });
  const through = newState();
  setStage(through, settings);
  for (let step = 0; step < 3; step++) trainStep(through, batch(step), 0.01);
  const weights = await weightsOf(through), optimizerState = await optimizerStateOf(through);
  for (let step = 3; step < 6; step++) trainStep(through, batch(step), 0.01);

  const resumed = newState();
  setStage(resumed, settings);
  restore(resumed, weights, optimizerState);
  for (let step = 3; step < 6; step++) trainStep(resumed, batch(step), 0.01);
  assert.deepEqual(await weightsOf(resumed), await weightsOf(through));
  assert.deepEqual(await optimizerStateOf(resumed), await optimizerStateOf(through));
  [through, resumed].forEach(disposeState);
});

test('restoring weights without their optimizer state is not resuming', async () => {
  const [through, resumed] = [newState(), newState()];
  for (const state of [through, resumed]) setStage(state, training(parametersIn('head')));
  trainStep(through, batch(0), 0.01);
  restore(resumed, await weightsOf(through));
  for (const state of [through, resumed]) trainStep(state, batch(1), 0.01);
  assert.notDeepEqual(await weightsOf(resumed), await weightsOf(through));
  [through, resumed].forEach(disposeState);
});

test('a new stage keeps the optimizer state of what still trains and drops the rest', async () => {
  const state = newState();
  setStage(state, training(parametersIn('blocks.0', 'head')));
  trainStep(state, batch(0), 0.01);
  const before = await optimizerStateOf(state);
  setStage(state, training(parametersIn('blocks.1', 'head')));
  const kept = await optimizerStateOf(state);
  assert.deepEqual([...kept.keys()].sort(), ['head.bias', 'head.weight'].flatMap((name) => [`${name}/exp_avg`, `${name}/exp_avg_sq`, `${name}/step`]).sort());
  for (const [name, tensor] of kept) assert.deepEqual(tensor, before.get(name));
  trainStep(state, batch(1), 0.01);
  const after = await optimizerStateOf(state);
  assert.equal(after.get('head.weight/step')!.data[0], 2);
  assert.equal(after.get('blocks.1.conv.weight/step')!.data[0], 1);
  disposeState(state);
});

test('restoring leaves out the optimizer state of what is frozen now', async () => {
  const state = newState();
  setStage(state, training(parametersIn('blocks.0', 'head')));
  trainStep(state, batch(0), 0.01);
  const optimizerState = await optimizerStateOf(state);
  setStage(state, training(parametersIn('head')));
  restore(state, await weightsOf(state), optimizerState);
  assert.deepEqual([...(await optimizerStateOf(state)).keys()].filter((name) => !name.startsWith('head.')), []);
  disposeState(state);
});

test('padding rows count neither in the step, nor in batch statistics, nor in the loss', async () => {
  const states = [newState(), newState()];
  const padded = batch(7, 3);
  const short: Batch = { x: padded.x.slice(0, 3 * 108), labels: padded.labels.slice(0, 3), weights: padded.weights.slice(0, 3) };
  const ends = await Promise.all([padded, short].map(async (rows, i) => {
    const state = states[i]!;
    setStage(state, training(parametersIn('stem', 'blocks.0', 'blocks.1', 'head'), { bnStatistics: 'batch' }));
    trainStep(state, rows, 0.01);
    return { loss: await takeLoss(state), weights: await weightsOf(state), evaluated: await evaluateBatch(state, rows) };
  }));
  assert.deepEqual(ends[0], ends[1]);
  assert.equal(ends[0]!.evaluated.logits.length, 3 * 3);
  assert.equal(ends[0]!.evaluated.losses.length, 3);
  states.forEach(disposeState);
});

test('a row of weight 0 within a batch changes no gradient on stored statistics', async () => {
  const holed = batch(3), weights = Float32Array.of(1, 0, 1, 1);
  const other = Float32Array.from(holed.x, (value, i) => (i >= 108 && i < 216 ? value + 1 : value));
  const ends = await Promise.all([holed.x, other].map(async (x) => {
    const state = newState();
    setStage(state, training(parametersIn('stem', 'head')));
    trainStep(state, { ...holed, x, weights }, 0.01);
    const end = await weightsOf(state);
    disposeState(state);
    return end;
  }));
  assert.deepEqual(ends[0], ends[1]);
});

test('pixels are normalised by the card before they enter the network', async () => {
  const state = newState();
  const pixels = Uint8Array.from({ length: rows * 108 }, (_, i) => (i * 37) % 256);
  const floats = Float32Array.from(pixels, (value) => (value / 255 - 0.5) / 0.5);
  const { labels, weights } = batch(0);
  assert.deepEqual(await evaluateBatch(state, { x: pixels, labels, weights }), await evaluateBatch(state, { x: floats, labels, weights }));
  disposeState(state);
});

test('the loss taken is the mean over the steps since the last time', async () => {
  const state = newState();
  setStage(state, training(parametersIn('head')));
  const losses: number[] = [];
  for (let step = 0; step < 3; step++) {
    const { losses: items } = await evaluateBatch(state, batch(step));
    losses.push(items.reduce((a, b) => a + b, 0) / rows);
    trainStep(state, batch(step), 0.1);
    if (step === 0) assert.ok(Math.abs(await takeLoss(state) - losses[0]!) < 1e-6);
  }
  assert.ok(Math.abs(await takeLoss(state) - (losses[1]! + losses[2]!) / 2) < 1e-6);
  disposeState(state);
});

test('the rate scales the update, and a group\'s factor with it', async () => {
  const frozen = newState(), half = newState(), full = newState();
  setStage(frozen, training(parametersIn('head')));
  setStage(half, { bnStatistics: 'stored', groups: [{ names: parametersIn('head'), rateFactor: 0.5, weightDecay: 0 }] });
  setStage(full, { bnStatistics: 'stored', groups: [{ names: parametersIn('head'), rateFactor: 1, weightDecay: 0 }] });
  trainStep(frozen, batch(0), 0);
  trainStep(half, batch(0), 0.02);
  trainStep(full, batch(0), 0.01);
  assert.deepEqual(changed(start, await weightsOf(frozen)), []);
  assert.deepEqual(await weightsOf(half), await weightsOf(full));
  [frozen, half, full].forEach(disposeState);
});

leaksNothing('the reference engine', portable, 1000);

test('evaluating, reading, restoring and changing the stage leave no tensor behind', async () => {
  const before = tf.memory().numTensors;
  const state = newState();
  for (const blocks of [['head'], ['blocks.1', 'head'], ['head']]) {
    setStage(state, training(parametersIn(...blocks)));
    trainStep(state, batch(0), 0.01);
    await takeLoss(state);
    await evaluateBatch(state, batch(1));
    restore(state, await weightsOf(state), await optimizerStateOf(state));
  }
  trainStep(state, batch(0), 0.01); // its loss is never taken
  disposeState(state);
  assert.equal(tf.memory().numTensors, before);
});

test('what cannot be a stage or a batch is refused before anything moves', () => {
  const state = newState('blocks.0.add');
  assert.throws(() => { trainStep(state, batch(0), 0.1); }, /before the first stage/);
  assert.throws(() => { setStage(state, training(['stem.conv.weight'])); }, /"stem.conv.weight" is no parameter/);
  assert.throws(() => { setStage(state, training(['blocks.1.bn.running_mean'])); }, /is no parameter/);
  assert.throws(() => { setStage(state, training(['head.bias', 'head.bias'])); }, /2 names of 1 parameter/);
  assert.throws(() => { setStage(state, training([])); }, /0 names/);
  setStage(state, training(['head.bias']));
  assert.throws(() => { trainStep(state, batch(0), 0.1); }, /432 values, 4 labels/);
  assert.throws(() => { trainStep(state, batch(0, 0), 0.1); }, /without a row of any weight/);
  disposeState(state);
});

/** Twelve layers deep: what it keeps is many times what each layer gives out. */
const deep: Network = {
  name: 'deep', input: [8, 8, 4],
  nodes: [
    ...Array.from({ length: 12 }, (_, i): Network['nodes'] => [
      { name: `${i}.conv`, op: { op: 'conv', filters: 4, kernel: 3, stride: 1, padding: 'same', groups: 1, bias: false }, inputs: [i === 0 ? 'input' : `${i - 1}.relu`] },
      { name: `${i}.bn`, op: { op: 'batchNorm', epsilon: 1e-3, momentum: 0.1 }, inputs: [`${i}.conv`] },
      { name: `${i}.relu`, op: { op: 'relu' }, inputs: [`${i}.bn`] },
    ]).flat(),
    { name: 'pool', op: { op: 'globalAveragePool' }, inputs: ['11.relu'] },
    { name: 'head', op: { op: 'linear', units: 3, bias: true }, inputs: ['pool'] },
  ],
};

test('activations computed again give the weights, statistics and losses of those kept, for a third of the memory', async () => {
  const weights = randomWeights(deep, 1), x = Float32Array.from({ length: rows * 256 }, rng(1, 'deep').normal);
  const ends: { readonly weights: Weights; readonly loss: number; readonly peakBytes: number }[] = [];
  for (const recomputes of [false, true]) {
    let peakBytes = 0;
    const watching: Kernels = { ...portable, relu: (x) => {
      peakBytes = Math.max(peakBytes, tf.memory().numBytes);
      return portable.relu(x);
    } };
    const before = tf.memory();
    const state = createState({ network: deep, from: 'input', input, weights, kernels: watching, optimizer: adamW() });
    setStage(state, training(parametersOf(deep).flatMap(({ name, buffer, node }) => buffer || node.startsWith('5.') ? [] : [name]), { bnStatistics: 'batch', recomputes, noise: { dropout: 0.3, dropPath: new Map([['5.relu', 0.3]]) } })); // a frozen layer among them
    for (let step = 0; step < 3; step++) trainStep(state, { ...batch(step), x, random: (stream) => rng(step, stream) }, 0.01);
    ends.push({ loss: await takeLoss(state), weights: await weightsOf(state), peakBytes: peakBytes - before.numBytes });
    disposeState(state);
    assert.equal(tf.memory().numTensors, before.numTensors);
  }
  const [kept, again] = ends as [typeof ends[0], typeof ends[0]];
  assert.deepEqual([again.weights, again.loss], [kept.weights, kept.loss]);
  assert.ok(changed(weights, again.weights).includes('0.bn.running_var'));
  assert.ok(again.peakBytes < 0.45 * kept.peakBytes, `${again.peakBytes} of ${kept.peakBytes} bytes`);
});

test('a transformer and a part of a network compute again what they kept, too', async () => {
  const vit = tinyVit();
  for (const [network, from, trains] of [[vit, 'input', parametersOf(vit).map(({ name }) => name)], [tinyNetwork, 'blocks.0.add', parametersIn('blocks.1', 'head')]] as const) {
    const ends: Weights[] = [], width = sizeOf(splitAt(network, from).suffix.input);
    for (const recomputes of [false, true]) {
      const state = createState({ network, from, input, weights: randomWeights(network, 1), kernels: portable, optimizer: adamW() });
      setStage(state, training(trains, { recomputes }));
      for (let step = 0; step < 2; step++) trainStep(state, { ...batch(step), x: Float32Array.from({ length: rows * width }, rng(step, 'x').normal) }, 0.01);
      ends.push(await weightsOf(state));
      disposeState(state);
    }
    assert.deepEqual(ends[1], ends[0], network.name);
  }
});

test('gradients of parts add up to those of the batch: with padding, unequal weights and a last part that is shorter', async () => {
  const uneven: Batch = { ...batch(5), weights: Float32Array.of(1, 0.5, 2, 0) };
  const ends: { loss: number; weights: Weights }[] = [];
  for (const rowsAtOnce of [4, 3, 2, 1]) {
    const state = newState();
    setStage(state, training(parametersIn('blocks.0', 'blocks.1', 'head'), { rowsAtOnce, clipNorm: 0.5 }));
    const held = tf.memory().numTensors;
    trainStep(state, uneven, 0.01);
    const loss = await takeLoss(state), weights = await weightsOf(state), moments = 2 * parametersIn('blocks.0', 'blocks.1', 'head').length;
    assert.equal(tf.memory().numTensors, held + moments, `parts of ${rowsAtOnce} leave nothing behind`);
    disposeState(state);
    ends.push({ loss, weights });
  }
  for (const { loss, weights } of ends.slice(1)) {
    assert.ok(Math.abs(loss - ends[0]!.loss) < 1e-6);
    for (const [name, { data }] of weights) for (const [i, value] of data.entries()) assert.ok(Math.abs(value - ends[0]!.weights.get(name)!.data[i]!) < 1e-6, name); // sums in another order
  }
});
