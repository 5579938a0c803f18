import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import type { Activation } from '../../../src/backbones/op.ts';
import { rng } from '../../../src/base/rng.ts';
import type { Kernels, Normalised, Rectifier, Statistics } from '../../../src/engine/kernels.ts';
import { spatialMean } from '../../../src/engine/kernels/frugal.ts';
import { tensorflowKernels } from '../../../src/engine/kernels/tensorflow.ts';
import { adamW } from '../../../src/engine/optimizer.ts';
import { cpu } from '../../../src/engine/rungs/cpu.ts';
import type { Rung } from '../../../src/engine/rungs/rung.ts';
import { tensorflow } from '../../../src/engine/rungs/tensorflow.ts';
import { wasm } from '../../../src/engine/rungs/wasm.ts';
import { webgpu } from '../../../src/engine/rungs/webgpu.ts';
import { engineResources } from '../../support/engines.ts';
import { noTensorFlow } from '../../support/noTensorFlow.ts';
import { noWebGpu } from '../../support/softwareGpu.ts';

type Shape = readonly number[];
/** Shapes of the inputs that have gradients, and what is computed of them. */
type Case = readonly [name: string, inputs: readonly Shape[], compute: (kernels: Kernels, inputs: tf.Tensor[]) => tf.Tensor];

const conv = (name: string, x: Shape, filter: Shape, stride: number, padding: 'same' | 'valid'): Case =>
  [`conv ${name}`, [x, filter], (k, [a, b]) => k.conv2d(a as tf.Tensor4D, b as tf.Tensor4D, stride, padding)];
const depthwise = (name: string, x: Shape, filter: Shape, stride: number, padding: 'same' | 'valid'): Case =>
  [`depthwise conv ${name}`, [x, filter], (k, [a, b]) => k.depthwiseConv2d(a as tf.Tensor4D, b as tf.Tensor4D, stride, padding)];
const maxPool = (name: string, size: number, stride: number, padding: 'same' | 'valid', shift: number): Case =>
  [`max pool ${name}`, [[2, 7, 6, 3]], (_, [x]) => tf.maxPool(tf.add<tf.Tensor4D>(x!, shift), size, stride, padding)];

const activation = (kind: Activation): Case => [kind, [[3, 4, 5, 6]], (k, [x]) => k.activation(tf.mul(x!, 3), kind)];
const attention = (name: string, q: Shape, k: Shape, heads: number): Case =>
  [`attention${name}`, [q, k, k], (kernels, [a, b, c]) => kernels.attention(a as tf.Tensor3D, b as tf.Tensor3D, c as tf.Tensor3D, heads)];
const averagePool = (name: string, size: number, stride: number, padding: 'same' | 'valid'): Case =>
  [`average pool ${name}`, [[2, 7, 6, 3]], (_, [x]) => tf.avgPool(x as tf.Tensor4D, size, stride, padding)];

/** On engines that have the two as one, and as two on the others. */
const activated = (k: Kernels, x: tf.Tensor, scale: tf.Tensor, shift: tf.Tensor, statistics: Statistics | undefined, activation: Rectifier): Normalised => {
  if (k.batchNormActivated) return k.batchNormActivated(x, scale, shift, statistics, 1e-3, activation);
  const normalised = statistics ? { ...statistics, y: k.batchNorm(x, scale, shift, statistics, 1e-3) } : k.batchNormTrain(x, scale, shift, 1e-3);
  return { ...normalised, y: k[activation](normalised.y) };
};

const adamWStep = (name: string, part: 'value' | 0 | 1, weightDecay: number): Case => [`AdamW, ${name}`, [[7, 5, 300], [7, 5, 300], [7, 5, 300], [7, 5, 300]], (k, [value, gradient, mean, root]) => {
  const updated = adamW().update(value!, gradient!, [mean!, tf.square(root!)], { step: 3, rate: 0.1, weightDecay }, k);
  return part === 'value' ? updated.value : updated.slots[part]!;
}];

/** Some rows count more than others, every third not at all. */
const mass = (rows: number, classes: number): tf.Tensor2D =>
  tf.tensor2d(Float32Array.from({ length: rows * classes }, (_, i) => Math.floor(i / classes) % 3 === 2 ? 0 : (i * 37 % 11) / 11 / rows), [rows, classes]);

const cases: readonly Case[] = [
  conv('3×3', [2, 7, 6, 3], [3, 3, 3, 4], 1, 'same'),
  conv('3×3, stride 2, even and odd', [2, 7, 6, 3], [3, 3, 3, 4], 2, 'same'),
  conv('3×3 without padding', [2, 7, 6, 3], [3, 3, 3, 4], 1, 'valid'),
  conv('1×1', [2, 5, 4, 6], [1, 1, 6, 3], 1, 'same'),
  conv('1×1 without padding', [2, 5, 4, 6], [1, 1, 6, 3], 1, 'valid'),
  conv('1×1, stride 2', [2, 5, 4, 6], [1, 1, 6, 3], 2, 'same'),
  conv('2×2, whose padding is uneven', [2, 5, 4, 3], [2, 2, 3, 4], 1, 'same'),
  conv('5×5, stride 3, which leaves a rest', [2, 11, 10, 2], [5, 5, 2, 4], 3, 'valid'),
  conv('7×7, stride 2', [1, 12, 11, 3], [7, 7, 3, 4], 2, 'valid'),
  conv('1×7', [2, 5, 9, 3], [1, 7, 3, 4], 1, 'valid'),
  conv('7×1', [2, 9, 5, 3], [7, 1, 3, 4], 1, 'same'),
  conv('1×1 of a single pixel', [3, 1, 1, 5], [1, 1, 5, 4], 1, 'valid'),
  conv('as large as the map', [2, 3, 3, 4], [3, 3, 4, 5], 1, 'valid'),
  depthwise('3×3', [2, 7, 6, 3], [3, 3, 3, 1], 1, 'same'),
  depthwise('3×3, stride 2, even and odd', [2, 7, 6, 3], [3, 3, 3, 1], 2, 'same'),
  depthwise('5×5', [2, 7, 6, 5], [5, 5, 5, 1], 1, 'same'),
  depthwise('5×5, stride 2', [2, 8, 9, 5], [5, 5, 5, 1], 2, 'same'),
  depthwise('3×3 of 37 channels', [2, 9, 8, 37], [3, 3, 37, 1], 1, 'same'),
  depthwise('7×7, stride 2, of 33 channels', [1, 9, 8, 33], [7, 7, 33, 1], 2, 'same'),
  depthwise('2×2', [2, 5, 4, 3], [2, 2, 3, 1], 1, 'same'),
  depthwise('3×3 without padding', [2, 7, 6, 3], [3, 3, 3, 1], 1, 'valid'),
  ['batch norm by stored statistics', [[3, 4, 5, 6], [6], [6]], (k, [x, scale, shift]) =>
    k.batchNorm(x!, scale!, shift!, { mean: tf.linspace(-1, 1, 6), variance: tf.linspace(0.2, 3, 6) }, 1e-3)],
  ['batch norm by the batch\'s statistics', [[3, 4, 5, 6], [6], [6]], (k, [x, scale, shift]) => k.batchNormTrain(x!, scale!, shift!, 1e-3).y],
  // 35 rows of 96 channels: an odd number, and more than one thread's share.
  ['batch norm and relu6 by the batch\'s statistics', [[1, 7, 5, 96], [96], [96]], (k, [x, scale, shift]) => activated(k, x!, tf.mul(scale!, 4), tf.add(shift!, 2), undefined, 'relu6').y],
  ['batch norm and relu by the batch\'s statistics', [[3, 5, 4, 300], [300], [300]], (k, [x, scale, shift]) => activated(k, x!, scale!, shift!, undefined, 'relu').y],
  ['batch norm and relu6 by stored statistics', [[1, 7, 5, 96], [96], [96]], (k, [x, scale, shift]) =>
    activated(k, x!, tf.mul(scale!, 4), tf.add(shift!, 2), { mean: tf.linspace(-1, 1, 96), variance: tf.linspace(0.2, 3, 96) }, 'relu6').y],
  ['batch norm far from 0', [[2, 7, 5, 6], [6], [6]], (k, [x, scale, shift]) => k.batchNormTrain(tf.add(x!, 100), scale!, shift!, 1e-3).y],
  ['variance of a batch norm far from 0', [[2, 7, 5, 6]], (k, [x]) => k.batchNormTrain(tf.add(x!, 100), tf.ones([6]), tf.zeros([6]), 1e-3).variance],
  ['mean of a batch norm', [[3, 4, 5, 6]], (k, [x]) => k.batchNormTrain(x!, tf.ones([6]), tf.zeros([6]), 1e-3).mean],
  ['variance of a batch norm', [[3, 4, 5, 6]], (k, [x]) => k.batchNormTrain(x!, tf.ones([6]), tf.zeros([6]), 1e-3).variance],
  ['relu', [[3, 4, 5, 6]], (k, [x]) => k.relu(x!)],
  ['relu6', [[3, 4, 5, 6]], (k, [x]) => k.relu6(tf.mul(x!, 5))],
  ...(['silu', 'hardSwish', 'hardSigmoid', 'sigmoid', 'tanh', 'geluErf', 'geluTanh', 'geluQuick'] as const).map(activation),
  ['layer norm', [[3, 5, 6], [6], [6]], (k, [x, scale, shift]) => k.layerNorm(x!, scale!, shift!, 1e-6)],
  ['layer norm of maps', [[2, 3, 4, 5], [5], [5]], (k, [x, scale, shift]) => k.layerNorm(x!, scale!, shift!, 1e-3)],
  attention('', [2, 5, 12], [2, 5, 12], 3),
  attention(' of other keys than queries', [3, 4, 6], [3, 7, 6], 2),
  attention(' of one head and one query', [2, 1, 4], [2, 3, 4], 1),
  attention(' of more queries than are taken at once, heads of odd size', [2, 101, 34], [2, 37, 34], 2),
  ['a gate per channel', [[2, 5, 4, 6], [2, 1, 1, 6]], (_, [x, gate]) => tf.mul(x!, gate!)],
  ['side by side', [[2, 3, 4, 5], [2, 3, 4, 2], [2, 3, 4, 1]], (_, maps) => tf.concat(maps, -1)],
  averagePool('2×2, stride 2', 2, 2, 'valid'),
  averagePool('3×3 that overlap', 3, 1, 'valid'),
  maxPool('3×3, stride 2', 3, 2, 'same', 0),
  maxPool('2×2, stride 2, of negative values', 2, 2, 'valid', -9),
  maxPool('3×3 that overlap, of negative values', 3, 1, 'same', -9),
  adamWStep('parameter', 'value', 0),
  adamWStep('decayed parameter', 'value', 0.1),
  adamWStep('first moment', 0, 0),
  adamWStep('second moment', 1, 0),
  ['linear', [[5, 7], [7, 4], [4]], (k, [x, weight, bias]) => k.linear(x as tf.Tensor2D, weight as tf.Tensor2D, bias as tf.Tensor1D)],
  ['linear without bias', [[130, 7], [7, 4]], (k, [x, weight]) => k.linear(x as tf.Tensor2D, weight as tf.Tensor2D)],
  ['cross-entropy', [[5, 7]], (k, [logits]) => k.crossEntropy(tf.mul(logits as tf.Tensor2D, 10), mass(5, 7))],
  ['cross-entropy of more rows than a thread takes', [[150, 3]], (k, [logits]) => k.crossEntropy(logits as tf.Tensor2D, mass(150, 3))],
  ['a product per sample', [[2, 3, 4, 5], [2, 3, 5, 6]], (_, [a, b]) => tf.matMul(a!, b!)],
  ['a product per sample, the second turned', [[2, 3, 4, 5], [2, 3, 6, 5]], (_, [a, b]) => tf.matMul(a!, b!, false, true)],
  ['a product per sample, the first turned', [[2, 3, 5, 4], [2, 3, 5, 6]], (_, [a, b]) => tf.matMul(a!, b!, true)],
  ['a softmax over the last axis of four', [[2, 3, 4, 5]], (_, [x]) => tf.softmax(x!)],
  ['three parts of the last axis, the second twice', [[2, 4, 9]], (_, [x]) => tf.concat([...tf.split(x!, 3, -1), tf.split(x!, 3, -1)[1]!], -1)],
  ['a token for each sample before the others', [[3, 4, 5], [1, 2, 5]], (_, [x, token]) => tf.concat([tf.add(tf.zeros([3, 2, 5]), token!), x!], 1)],
  ['global average pool', [[2, 7, 6, 3]], (_, [x]) => spatialMean(x!)],
  ['log softmax', [[5, 7]], (_, [x]) => tf.logSoftmax(x!)],
  ['rows of a table', [[7, 2, 4]], (_, [x]) => tf.gather(x!, tf.tensor1d([3, 1, 3, 0], 'int32'))],
];

/** Statistics are handed out beside the tape; an update has no gradient. */
const hasGradient = (name: string): boolean => !/^(mean|variance) of a batch norm|^AdamW/.test(name);

/** Value, then the gradient of each input for a random dy. */
async function results(kernels: Kernels): Promise<readonly (readonly Float32Array[])[]> {
  const found: Float32Array[][] = [];
  for (const [name, shapes, compute] of cases) {
    const tensors = tf.tidy(() => {
      const random = rng(1, name);
      const tensor = (shape: Shape): tf.Tensor => tf.tensor(Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.normal()), [...shape]);
      const inputs = shapes.map(tensor), value = compute(kernels, inputs), dy = tensor(value.shape);
      return [value, ...hasGradient(name) ? tf.grads((...x: tf.Tensor[]) => compute(kernels, x))(inputs, dy) : []];
    });
    found.push(await Promise.all(tensors.map(async (tensor) => (await tensor.data<'float32'>()).slice())));
    tf.dispose(tensors);
  }
  return found;
}

async function resultsOn(rung: Rung, other?: Kernels): Promise<Awaited<ReturnType<typeof results>>> {
  const started = await rung.start({ ...engineResources, asked: true });
  assert.ok(started.ok);
  const before = tf.memory().numTensors;
  const found = await results(other ?? started.value.kernels);
  assert.equal(tf.memory().numTensors, before, 'tensors were left behind');
  started.value.dispose();
  return found;
}

const reference = await resultsOn(cpu);

const engines: readonly (readonly [title: string, skip: string | false, rung: Rung, kernels?: Kernels])[] = [
  ['wasm', false, wasm],
  ['tensorflow', noTensorFlow, tensorflow],
  ['tensorflow with its kernels for GPUs', noTensorFlow, tensorflow, tensorflowKernels('gpu')],
  ['webgpu', noWebGpu, webgpu],
];

for (const [title, skip, rung, kernels] of engines) {
  test(`every kernel and its gradient on ${title} are those of plain JavaScript`, { skip }, async () => {
    const found = await resultsOn(rung, kernels);
    let compared = 0;
    for (const [i, [name]] of cases.entries()) {
      for (const [j, want] of reference[i]!.entries()) {
        const got = found[i]![j]!, what = `${name}: ${j === 0 ? 'value' : `gradient of input ${j}`}`;
        assert.equal(got.length, want.length, what);
        // Sums of up to 360 products of size 1, added in another order and by fused multiply-adds: 20 times float32's
        // step of 1.2e-7 per addition that matters leaves 1e-5 of the largest value.
        const tolerance = 1e-5 * want.reduce((largest, x) => Math.max(largest, Math.abs(x)), 1);
        for (let k = 0; k < want.length; k++) {
          assert.ok(Math.abs(got[k]! - want[k]!) <= tolerance, `${what}[${k}] is ${got[k]}, not ${want[k]}`);
        }
        assert.ok(want.some((x) => x !== 0), `${what} is not all zeros`);
        compared++;
      }
    }
    assert.equal(compared, 188);
  });
}
