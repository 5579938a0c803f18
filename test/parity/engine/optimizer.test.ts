import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import type { Kernels } from '../../../src/engine/kernels.ts';
import { softmaxCrossEntropy } from '../../../src/engine/losses.ts';
import { adam, adamW, clipByNorm, sgd, update, type Optimizer, type OptimizerState, type ParameterGroup } from '../../../src/engine/optimizer.ts';
import { cpu } from '../../../src/engine/rungs/cpu.ts';
import { tensorflow } from '../../../src/engine/rungs/tensorflow.ts';
import { wasm } from '../../../src/engine/rungs/wasm.ts';
import { TensorStore } from '../../../src/engine/tensorStore.ts';
import { assertGolden, bundledCase, goldenCase, type GoldenCase, type GoldenGroup } from '../../support/goldens.ts';
import { engineResources } from '../../support/engines.ts';
import { noTensorFlow } from '../../support/noTensorFlow.ts';

type Hyper = Readonly<Record<string, unknown>>;

const steps = 10;
const names = ['x', 'w1', 'b1', 'w2', 'b2'];
const cases = [
  'opt.sgd', 'opt.sgd_momentum_wd', 'opt.sgd_dampening', 'opt.sgd_nesterov', 'opt.sgd_groups',
  'opt.adam', 'opt.adam_l2', 'opt.adamw', 'opt.adamw_amsgrad', 'opt.adamw_groups', 'opt.clip_norm',
];

for (const [rung, skip] of [[cpu, false], [wasm, false], [tensorflow, noTensorFlow]] as const) {
  test(`optimizers on ${rung.name} follow torch for ${steps} steps`, { skip }, async (t) => {
    const started = await rung.start(engineResources);
    assert.ok(started.ok);
    for (const name of cases) {
      const golden = goldenCase(name);
      await t.test(name, { skip: golden ? false : 'this golden is not on this machine' }, () => { follow(golden!, started.value.kernels); });
    }
    started.value.dispose();
  });
}

test('the case of clipping clips some steps and leaves others', () => {
  const norms = bundledCase('opt.clip_norm').tensor('grad_norm_before_clip').data;
  assert.ok(norms.some((norm) => norm < 0.5) && norms.some((norm) => norm > 0.5));
});

/** The case's problem: a quadratic of x and a small perceptron of the others, each stepped (and clipped) on its own. */
function follow(golden: GoldenCase, kernels: Kernels): void {
  const { hyper, groups, clip_grad_norm: maxNorm } = golden.facts.definition!;
  const rate = hyper['lr'] as number;
  const state: OptimizerState = { optimizer: optimizerOf(golden.name, hyper), kernels, slots: new TensorStore(), steps: new Map() };
  const parameters = new TensorStore();
  for (const name of names) parameters.set(name, constant(golden, name === 'x' ? 'in/x0' : `in/${name}`));
  const path = new Map(names.map((name) => [name, [...parameters.get(name).dataSync()]]));
  const losses: Record<string, number[]> = { loss_quadratic: [], loss_mlp: [] };
  for (let step = 0; step < steps; step++) {
    for (const { key, of, loss } of problemsOf(golden, parameters)) {
      const { value, grads } = tf.valueAndGrads(loss)(of.map((name) => parameters.get(name)));
      losses[key]!.push(value.dataSync()[0]!);
      const gradients = new Map(of.map((name, i) => [name, grads[i]!]));
      update(parameters, maxNorm === null ? gradients : clipByNorm(gradients, maxNorm), state, groupsOf(of, groups, rate, hyper), rate);
    }
    for (const name of names) path.get(name)!.push(...parameters.get(name).dataSync());
  }
  for (const name of names) assertGolden(golden, `steps/${name}`, path.get(name)!);
  for (const [key, values] of Object.entries(losses)) assertGolden(golden, key, values);
}

function problemsOf(golden: GoldenCase, parameters: TensorStore): { key: string; of: string[]; loss: () => tf.Scalar }[] {
  const get = (name: string): tf.Tensor => parameters.get(name);
  return [
    { key: 'loss_quadratic', of: ['x'], loss: () => {
      const x = get('x') as tf.Tensor1D;
      const half = tf.mul(0.5, tf.dot(x, tf.dot(constant(golden, 'in/A'), x)));
      return tf.sub<tf.Scalar>(half, tf.dot(constant(golden, 'in/b'), x));
    } },
    { key: 'loss_mlp', of: ['w1', 'b1', 'w2', 'b2'], loss: () => {
      const hidden = tf.tanh(tf.add(tf.matMul(constant(golden, 'in/X'), get('w1'), false, true), get('b1')));
      const logits = tf.add<tf.Tensor2D>(tf.matMul(hidden, get('w2'), false, true), get('b2'));
      return softmaxCrossEntropy(logits, constant(golden, 'in/Y') as tf.Tensor1D, tf.ones([16]));
    } },
  ];
}

function groupsOf(of: string[], groups: readonly GoldenGroup[] | null, rate: number, hyper: Hyper): ParameterGroup[] {
  if (!groups) return [{ names: of, rateFactor: 1, weightDecay: (hyper['weight_decay'] as number | undefined) ?? 0 }];
  return groups.map(({ names: members, lr, weight_decay }) => ({ names: members.filter((name) => of.includes(name)), rateFactor: lr / rate, weightDecay: weight_decay }));
}

function optimizerOf(name: string, hyper: Hyper): Optimizer {
  const flag = (key: string): boolean => hyper[key] === true, number = (key: string): number => (hyper[key] as number | undefined) ?? 0;
  if (!name.startsWith('opt.adam')) return sgd({ momentum: number('momentum'), dampening: number('dampening'), nesterov: flag('nesterov') });
  const [beta1, beta2] = (hyper['betas'] as [number, number] | undefined) ?? [0.9, 0.999];
  const settings = { beta1, beta2, epsilon: (hyper['eps'] as number | undefined) ?? 1e-8, amsgrad: flag('amsgrad') };
  return name.startsWith('opt.adamw') ? adamW(settings) : adam(settings);
}

function constant(golden: GoldenCase, key: string): tf.Tensor {
  const { data, shape } = golden.tensor(key);
  return tf.tensor(data, [...shape], data instanceof Int32Array ? 'int32' : 'float32');
}
