/** ONNX Runtime on the graphs that we write, against PyTorch + timm: the bundled network on a photo, tiny networks on their goldens. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { splitAt } from '../../../src/backbones/boundary.ts';
import { foldBatchNorm } from '../../../src/backbones/foldBatchNorm.ts';
import { randomWeights } from '../../../src/backbones/initialise.ts';
import { NetworkBuilder } from '../../../src/backbones/networkBuilder.ts';
import { onnxGraph } from '../../../src/backbones/onnxGraph.ts';
import type { OnnxInput } from '../../../src/backbones/onnxGraph.ts';
import type { Network } from '../../../src/backbones/op.ts';
import { mapOf, shapesOf } from '../../../src/backbones/shapes.ts';
import type { Weights } from '../../../src/backbones/tensorData.ts';
import { rng } from '../../../src/base/rng.ts';
import { forward } from '../../../src/engine/forward.ts';
import { portable } from '../../../src/engine/kernels.ts';
import { openPrefix } from '../../../src/engine/onnxPrefix.ts';
import { deviceParameters, writeParameters } from '../../../src/engine/parameters.ts';
import { TensorStore } from '../../../src/engine/tensorStore.ts';
import '../../support/cpuEngine.ts';
import { assertGolden, goldenCase } from '../../support/goldens.ts';
import { activationsOf, goldenNetwork, goldenNetworkNames, pooledNode, toNchw, toNhwc } from '../../support/goldenNetwork.ts';
import { goldenPixels, lite0, lite0Card, lite0Golden, lite0Weights } from '../../support/lite0.ts';

/** Kept, for those that cannot be folded. */
const asTheyAre: typeof foldBatchNorm = (network, weights) => ({ network, weights });

async function outputAt(
  network: Network, node: string, weights: Weights, input: OnnxInput, images: Uint8Array | Float32Array, count: number, prepare = foldBatchNorm,
): Promise<Float32Array> {
  const prepared = prepare(splitAt(network, node).prefix, weights);
  const opened = await openPrefix(onnxGraph(prepared.network, prepared.weights, input), { threads: 2 });
  assert.ok(opened.ok);
  const output = await opened.value.run(images, count);
  opened.value.dispose();
  return output;
}

const worst = (got: ArrayLike<number>, want: readonly number[]): number => {
  assert.equal(got.length, want.length);
  return want.reduce((most, value, i) => Math.max(most, Math.abs(value - got[i]!)), 0);
};

// golden.json has six significant digits: 5e-5 at logits of up to 17. Measured here: 7e-6 beyond rounding. A wrong
// padding, epsilon or normalisation moves logits by 0.3 and more.
const logitTolerance = 2e-4;

test('EfficientNet-Lite0 gives the logits of PyTorch on a photo', async () => {
  const logits = await outputAt(lite0, 'head', lite0Weights(), { normalise: lite0Card.input }, await goldenPixels(), 1);
  const off = worst(logits, lite0Golden().logits);
  assert.ok(off < logitTolerance, `off by ${off}`);
});

test('EfficientNet-Lite0 gives the features of PyTorch, for every sample of a batch', async () => {
  const count = 19, pixels = await goldenPixels(), images = new Uint8Array(count * pixels.length); // two full batches and a part
  for (let i = 0; i < count; i++) images.set(pixels, i * pixels.length);
  images.fill(0, 4 * pixels.length, 5 * pixels.length); // one that differs
  const features = await outputAt(lite0, 'global_pool', lite0Weights(), { normalise: lite0Card.input }, images, count);
  for (let i = 0; i < count; i++) {
    const off = worst(features.subarray(i * 1280, (i + 1) * 1280), lite0Golden().pooled_features);
    assert.ok(i === 4 ? off > 0.5 : off < 5e-5, `sample ${i} off by ${off}`); // features reach 3, six digits
  }
});

test('EfficientNet-Lite0 has PyTorch\'s activations after every block', async () => {
  const weights = lite0Weights(), pixels = await goldenPixels(), shapes = shapesOf(lite0);
  const modules = Object.entries(lite0Golden().activations);
  assert.equal(modules.length, 18);
  for (const [module, { shape, mean, std, first8 }] of modules) {
    const node = lite0.nodes.findLast(({ name }) => name === module || name.startsWith(`${module}.`))!.name;
    const output = await outputAt(lite0, node, weights, { normalise: lite0Card.input }, pixels, 1);
    const map = Float32Array.from(toNchw(output, [1, ...mapOf(shapes.get(node))]));
    assert.equal(map.length, shape.reduce((product, length) => product * length));
    const gotMean = map.reduce((sum, value) => sum + value, 0) / map.length;
    const gotStd = Math.sqrt(map.reduce((sum, value) => sum + (value - gotMean) ** 2, 0) / (map.length - 1)); // torch.std is unbiased
    assert.ok(worst(map.subarray(0, 8), first8) < 1e-4, `${module}: first values ${map.subarray(0, 8).join(' ')}`);
    assert.ok(Math.abs(gotMean - mean) < 1e-5 && Math.abs(gotStd - std) < 1e-4, `${module}: mean ${gotMean}, std ${gotStd}`);
  }
});

// Their own tolerances: 10 × the gap between float32 and float64 in PyTorch.
for (const name of goldenNetworkNames) {
  const golden = goldenCase(name);
  for (const [title, prepare] of [['batch norms folded', foldBatchNorm], ['batch norms as they are', asTheyAre]] as const) {
    test(`${name}, ${title}: activations, features and logits`, { skip: golden ? false : 'this golden is not on this machine' }, async (t) => {
      const { network, weights, nodeOf } = goldenNetwork(golden!), shapes = shapesOf(network);
      const images = toNhwc(golden!.tensor('in/x')), count = golden!.tensor('in/x').shape[0]!;
      const modules = activationsOf(golden!), shares: number[] = [];
      assert.ok(modules.length > 0);
      const outputs = [...modules.map((module) => [`act/${module}`, nodeOf(module)] as const), ['pooled', pooledNode(network)], ['logits', 'head']] as const;
      for (const [key, node] of outputs) {
        const output = await outputAt(network, node, weights, {}, images, count, prepare);
        shares.push(assertGolden(golden!, `eval/${key}`, toNchw(output, [count, ...shapes.get(node)!])));
      }
      t.diagnostic(`largest difference: ${(100 * Math.max(...shares)).toFixed(0)} % of the tolerance`);
    });
  }
}

test('ops outside EfficientNet-Lite and batch norms that cannot be folded run as they are', async () => {
  // By hand: [1, -2; 3, -4] → × 2 − 1 = [1, -5; 5, -9] → relu [1, 0; 5, 0]; maximum over 3 × 3, padded by 1, stride 2 → 5; + itself → 10
  const network: Network = { name: 'other', input: [2, 2, 1], nodes: [
    { name: 'norm', op: { op: 'batchNorm', epsilon: 0, momentum: 0.1 }, inputs: ['input'] },
    { name: 'act', op: { op: 'relu' }, inputs: ['norm'] },
    { name: 'pool', op: { op: 'maxPool', kernel: 3, stride: 2, padding: 1 }, inputs: ['act'] },
    { name: 'twice', op: { op: 'add' }, inputs: ['pool', 'pool'] },
  ] };
  const one = (value: number): { shape: number[]; data: Float32Array } => ({ shape: [1], data: Float32Array.of(value) });
  const weights = new Map([['norm.weight', one(4)], ['norm.bias', one(-1)], ['norm.running_mean', one(0)], ['norm.running_var', one(4)]]);
  const { network: kept, weights: same } = foldBatchNorm(network, weights);
  assert.deepEqual([kept.nodes, same], [network.nodes, weights]);
  const opened = await openPrefix(onnxGraph(kept, same, {}), { threads: 1 });
  assert.ok(opened.ok);
  assert.match(opened.value.title, /^ONNX Runtime \d+\.\d+\.\d+, 1 thread$/);
  assert.deepEqual([...await opened.value.run(Float32Array.of(1, -2, 3, -4), 1)], [10]);
  opened.value.dispose();
});

test('branches, gates and pools of every kind give what they give in plain JavaScript', async () => {
  const builder = new NetworkBuilder();
  let x = builder.activation('silu', 'silu', 'input');
  let gate = builder.add('squeeze', { op: 'adaptiveAveragePool', height: 1, width: 1 }, x);
  gate = builder.activation('hard', 'hardSwish', builder.conv('reduce', { filters: 3, kernel: 1, stride: 1, padding: 0, bias: true }, gate));
  gate = builder.activation('soft', 'sigmoid', builder.conv('expand', { filters: 4, kernel: 1, stride: 1, padding: 0, bias: true }, gate));
  x = builder.add('gated', { op: 'multiply' }, x, gate);
  const wide = builder.conv('wide', { filters: 3, kernel: [1, 5], stride: 1, padding: [0, 2] }, x), tall = builder.conv('tall', { filters: 2, kernel: [3, 1], stride: 1, padding: [1, 0] }, x);
  const mean = builder.add('mean', { op: 'averagePool', kernel: 3, stride: 1, padding: 1 }, x);
  x = builder.activation('clipped', 'hardSigmoid', builder.add('beside', { op: 'concat' }, wide, tall, mean));
  x = builder.add('halved', { op: 'maxPool', kernel: 3, stride: 2, padding: 1 }, x);
  x = builder.add('parts', { op: 'adaptiveAveragePool', height: 2, width: 5 }, x); // of 4 × 3
  x = builder.activation('bounded', 'tanh', builder.add('row', { op: 'flatten' }, x));
  builder.head(4, x);
  const network: Network = { name: 'branches', input: [7, 6, 4], nodes: builder.nodes }, weights = randomWeights(network, 1), random = rng(1, 'images');
  const images = Float32Array.from({ length: 3 * 7 * 6 * 4 }, () => 3 * random.normal());
  const parameters = new TensorStore();
  writeParameters(parameters, deviceParameters(network), weights);
  const want = forward(network, tf.tensor(images, [3, 7, 6, 4]), { kernels: portable, parameters, batchStatistics: new Set() });
  const got = await outputAt(network, 'head', weights, {}, images, 3);
  const off = worst(got, [...await want.data<'float32'>()]);
  assert.ok(off < 1e-6, `off by ${off}`); // outputs of about 1, a few roundings of 1e-7
});

test('a model that ONNX Runtime cannot read is a diagnostic', async () => {
  const opened = await openPrefix(new Uint8Array(100).fill(7), { threads: 1 });
  assert.ok(!opened.ok);
  assert.equal(opened.errors[0]!.code, 'engine-failed');
});
