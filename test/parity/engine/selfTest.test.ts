import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { portable, type Kernels } from '../../../src/engine/kernels.ts';
import { cpu } from '../../../src/engine/rungs/cpu.ts';
import type { Rung } from '../../../src/engine/rungs/rung.ts';
import { tensorflow } from '../../../src/engine/rungs/tensorflow.ts';
import { wasm } from '../../../src/engine/rungs/wasm.ts';
import { webgpu } from '../../../src/engine/rungs/webgpu.ts';
import { selfTest } from '../../../src/engine/selfTest.ts';
import { engineResources } from '../../support/engines.ts';
import { noTensorFlow } from '../../support/noTensorFlow.ts';
import { noWebGpu } from '../../support/softwareGpu.ts';

async function verdictOn(rung: Rung, kernelsOf: (kernels: Kernels) => Kernels = (kernels) => kernels): Promise<string | undefined> {
  const started = await rung.start({ ...engineResources, asked: true });
  assert.ok(started.ok);
  const before = tf.memory().numTensors;
  const wrong = await selfTest(kernelsOf(started.value.kernels));
  assert.equal(tf.memory().numTensors, before, 'tensors were left behind');
  started.value.dispose();
  return wrong;
}

for (const [rung, skip] of [[cpu, false], [wasm, false], [tensorflow, noTensorFlow], [webgpu, noWebGpu]] as const) {
  test(`${rung.name} passes the gradient self-test`, { skip }, async () => {
    assert.equal(await verdictOn(rung), undefined);
  });
}

/** An op whose gradients are what `gradients` says. */
function withGradients(value: (...inputs: tf.Tensor[]) => tf.Tensor, gradients: (dy: tf.Tensor, inputs: tf.Tensor[]) => tf.Tensor[], ...inputs: tf.Tensor[]): tf.Tensor {
  return tf.customGrad((...args) => {
    const save = args.pop() as tf.GradSaveFunc, given = args as tf.Tensor[];
    save(given);
    return { value: value(...given), gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => gradients(dy, saved) };
  })(...inputs);
}

test('an engine whose relu6 has the gradient of relu fails the self-test', async () => {
  const relu6 = (x: tf.Tensor): tf.Tensor => withGradients((x) => tf.relu6(x), (dy, [x]) => [tf.mul(dy, tf.step(x!))], x);
  assert.match(await verdictOn(cpu, (kernels) => ({ ...kernels, relu6 })) ?? '', /^gradient of /);
});

test('an engine that loses the gradient of a depthwise filter fails the self-test, and it says where', async () => {
  const depthwiseConv2d: Kernels['depthwiseConv2d'] = (x, filter, stride, pad) => withGradients(
    (x, filter) => portable.depthwiseConv2d(x as tf.Tensor4D, filter as tf.Tensor4D, stride, pad),
    (dy, [x, filter]) => [
      tf.engine().runKernel('DepthwiseConv2dNativeBackpropInput', { dy, filter: filter! }, { strides: [stride, stride], pad, dilations: [1, 1], inputShape: x!.shape }),
      tf.zerosLike(filter!),
    ],
    x, filter,
  ) as tf.Tensor4D;
  assert.match(await verdictOn(cpu, (kernels) => ({ ...kernels, depthwiseConv2d })) ?? '', /^gradient of depthwise\.weight off by 1\.\d of its length$/);
});

test('an engine that loses the gradient of keys fails the self-test, and it says where', async () => {
  const attention: Kernels['attention'] = (q, k, v, heads) => portable.attention(q, tf.customGrad((...args) => {
    const [x] = args as [tf.Tensor3D];
    return { value: tf.clone(x), gradFunc: (dy: tf.Tensor) => tf.zerosLike(dy) };
  })(k) as tf.Tensor3D, v, heads);
  assert.match(await verdictOn(cpu, (kernels) => ({ ...kernels, attention })) ?? '', /^gradient of \w+/);
});

test('an engine that is off by a hundredth in one kernel fails the self-test', async () => {
  const wrong = await verdictOn(cpu, (kernels) => ({ ...kernels, relu: (x) => tf.mul(kernels.relu(x), 1.01) }));
  assert.ok(wrong);
});
