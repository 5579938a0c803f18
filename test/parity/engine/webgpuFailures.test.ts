/** A device that fails must end what waits for it, with the reason: by itself tfjs would go on with zeros. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import { Refused } from '../../../src/protocol/diagnostic.ts';
import { webgpu } from '../../../src/engine/rungs/webgpu.ts';
import type { StartedRung } from '../../../src/engine/rungs/rung.ts';
import { engineResources } from '../../support/engines.ts';
import { noWebGpu } from '../../support/softwareGpu.ts';

async function started(): Promise<{ rung: StartedRung; device: GPUDevice }> {
  const result = await webgpu.start({ ...engineResources, asked: true });
  assert.ok(result.ok);
  return { rung: result.value, device: (tf.backend() as WebGPUBackend).device };
}

/** What waiting for a result on the device is refused with. */
async function reasonOf(): Promise<string> {
  const sum = tf.tidy(() => tf.sum(tf.mul(tf.ones([2000]), 3)));
  const error: unknown = await sum.data().then(() => undefined, (thrown: unknown) => thrown);
  assert.ok(error instanceof Refused, String(error));
  return `${error.diagnostics[0]!.code}: ${error.diagnostics[0]!.message}`;
}

test('a software adapter is refused unless it was asked for, and then said', { skip: noWebGpu }, async () => {
  const refused = await webgpu.start(engineResources);
  assert.ok(!refused.ok);
  assert.match(refused.errors[0]!.message, /only a processor to run on here \(.*SwiftShader/i);
  const asked = await webgpu.start({ ...engineResources, asked: true });
  assert.ok(asked.ok);
  assert.equal(asked.value.device, 'cpu');
  assert.match(asked.warnings[0]!.message, /WebGPU computes on the processor here/);
  asked.value.dispose();
});

test('a refused command fails the next result that is waited for', { skip: noWebGpu }, async () => {
  const { rung, device } = await started();
  device.createBuffer({ size: 64, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.STORAGE }); // not allowed together
  assert.match(await reasonOf(), /^engine-failed: the GPU refused to compute: /);
  rung.dispose();
});

test('a lost device fails the result that is waited for', { skip: noWebGpu }, async () => {
  const { rung, device } = await started();
  device.destroy();
  assert.match(await reasonOf(), /^engine-failed: the GPU was lost: /);
  rung.dispose();
});

test('an engine that was disposed takes nothing with it: the next one computes', { skip: noWebGpu }, async () => {
  for (let round = 0; round < 2; round++) {
    const { rung } = await started();
    const sum = tf.tidy(() => tf.sum(tf.mul(tf.ones([2000]), 3)));
    assert.deepEqual([...await sum.data()], [6000]);
    sum.dispose();
    rung.dispose();
  }
});
