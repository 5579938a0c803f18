import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { matchPatterns } from '../../../src/backbones/freezePlan.ts';
import { rng } from '../../../src/base/rng.ts';
import type { StartedRung } from '../../../src/engine/rungs/rung.ts';
import { wasm } from '../../../src/engine/rungs/wasm.ts';
import { timedPartOf } from '../../../src/engine/timedPart.ts';
import { timedStep } from '../../../src/engine/timedStep.ts';
import { diagnosticOf } from '../../../src/trainer/child/exit.ts';
import { engineResources } from '../../support/engines.ts';
import { tinyLite } from '../../support/tinyLite.ts';

async function started(threads: number): Promise<StartedRung> {
  const checked = await wasm.start({ ...engineResources, wasm: { ...engineResources.wasm, threads } });
  assert.ok(checked.ok);
  return checked.value;
}

const values = (shape: [number, number, number, number]): tf.Tensor4D => {
  const random = rng(1, String(shape));
  return tf.tensor4d(Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => random.next() - 0.5), shape);
};

/** A convolution, one of each channel by itself, a product: what threads share out; and their gradients. */
function computed(): Float32Array {
  const loss = (x: tf.Tensor4D, filter: tf.Tensor4D, each: tf.Tensor4D, head: tf.Tensor): tf.Scalar => tf.tidy(() => {
    const y = tf.depthwiseConv2d(tf.conv2d(x, filter, 1, 'same'), each, 2, 'same');
    return tf.sum(tf.square(tf.matMul(tf.mean(y, [1, 2]), head as tf.Tensor2D)));
  });
  const { value, grads } = tf.valueAndGrads(loss as (...inputs: tf.Tensor[]) => tf.Scalar)([values([5, 19, 17, 24]), values([3, 3, 24, 40]), values([5, 5, 40, 1]), tf.reshape(values([1, 1, 40, 7]), [40, 7])]);
  const results = [value, ...grads].map((tensor) => tensor.dataSync() as Float32Array);
  return Float32Array.from(results.flatMap((result) => [...result]));
}

test('on any number of threads the results are those of one, to the bit', async () => {
  const results: Float32Array[] = [];
  for (const threads of [1, 2, 5]) {
    const engine = await started(threads);
    assert.equal(engine.threads, threads);
    assert.equal((tf.backend() as BackendWasm).wasm.tfjs.getThreadsCount(), threads);
    results.push(computed());
    engine.dispose();
  }
  const [one, ...more] = results;
  assert.ok(one!.some((value) => value !== 0));
  for (const each of more) assert.deepEqual(each, one);
});

test('eight threads at most, however many cores there are', async () => {
  const engine = await started(64);
  assert.equal(engine.threads, 8);
  assert.ok(computed().every(Number.isFinite));
  engine.dispose();
});

test('more threads than cores, in turns with nothing to do, always come to an end', async () => {
  const network = tinyLite(), part = timedPartOf(network, matchPatterns(network, ['all']).trained, 'batch', 4);
  for (let i = 0; i < 3; i++) {
    const engine = await started(4);
    assert.ok(await timedStep(engine.kernels, part) > 0);
    if (i % 2 === 0) await new Promise((resolve) => setTimeout(resolve, 30)); // they have gone to sleep
    assert.ok(await timedStep(engine.kernels, part) > 0);
    engine.dispose();
  }
});

test('a thread that cannot start is an error, and the others end with it', async () => {
  await assert.rejects(wasm.start({ ...engineResources, wasm: { ...engineResources.wasm, threads: 3, thread: new URL('./no-such-thread.js', import.meta.url) } }), /Cannot find module/);
});

test('memory that does not fit into 4 GiB is refused by name, and what was there stays', async () => {
  const engine = await started(1), backend = tf.backend() as BackendWasm;
  const kept = tf.tensor1d([1, 2, 3]);
  assert.throws(() => backend.makeOutput([3, 2 ** 30], 'float32'), /allocation failed: 12.0 GiB more are not to be had: WebAssembly addresses 4 GiB/);
  const large = backend.makeOutput([3 * 2 ** 28], 'float32'); // 3 GiB, never touched
  let thrown: unknown;
  assert.throws(() => backend.makeOutput([3 * 2 ** 28], 'float32'), (error) => { thrown = error; return error instanceof RangeError; });
  assert.equal(diagnosticOf(thrown, 32).code, 'out-of-memory');
  assert.match(diagnosticOf(thrown, 32).fix!, /lower `batch` from 32 to 16/);
  backend.disposeData(large.dataId);
  assert.deepEqual([...kept.dataSync()], [1, 2, 3]);
  engine.dispose();
});
