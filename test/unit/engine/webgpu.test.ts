/** What needs no GPU: its adapters by name, and its errors in a person's words. That it computes: test/parity/engine. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSoftware, problemOf } from '../../../src/engine/rungs/webgpu.ts';
import { loadWebGpu } from '../../../src/trainer/child/machine/loadWebGpu.ts';

test('software adapters are known by their names, real ones are not taken for them', () => {
  const software = [
    { vendor: 'google', architecture: 'swiftshader', description: 'SwiftShader Device (LLVM 16.0.0)' },
    { vendor: 'mesa', architecture: '', description: 'llvmpipe (LLVM 15.0.6, 256 bits)' },
    { vendor: 'microsoft', architecture: '', description: 'Microsoft Basic Render Driver' },
    { vendor: 'any', isFallbackAdapter: true },
  ];
  for (const info of software) assert.ok(isSoftware(info), JSON.stringify(info));
  const real = [
    { vendor: 'nvidia', architecture: 'hopper', description: 'NVIDIA H100 80GB HBM3' },
    { vendor: 'apple', architecture: 'metal-3', description: 'Apple M2', isFallbackAdapter: false },
    { vendor: 'intel', architecture: 'xe-2lpg', description: 'Intel(R) Graphics (LNL)' },
  ];
  for (const info of real) assert.ok(!isSoftware(info), JSON.stringify(info));
});

test('errors of the device become diagnostics: out of memory, lost, refused', () => {
  assert.deepEqual(problemOf('GPUOutOfMemoryError', 'Failed to allocate 8589934592 bytes\n - While calling CreateBuffer'), {
    code: 'out-of-memory', severity: 'error', message: 'the GPU\'s memory ran out: Failed to allocate 8589934592 bytes', fix: 'lower `batch` or train fewer layers',
  });
  assert.equal(problemOf('lost', 'VK_ERROR_OUT_OF_DEVICE_MEMORY').code, 'out-of-memory');
  const lost = problemOf('lost', 'A valid external Instance reference no longer exists.');
  assert.deepEqual([lost.code, lost.message], ['engine-failed', 'the GPU was lost: A valid external Instance reference no longer exists.']);
  assert.match(problemOf('GPUValidationError', 'Binding size is too large').message, /^the GPU refused to compute: Binding size/);
});

test('under the editor\'s own Node WebGPU is not even loaded, and it says why', async () => {
  const loaded = await loadWebGpu(() => assert.fail('loaded'), '37.2.0');
  assert.ok(!loaded.ok);
  assert.deepEqual(loaded.errors.map(({ code }) => code), ['engine-missing']);
  assert.match(`${loaded.errors[0]!.message} ${loaded.errors[0]!.fix!}`, /needs a Node of its own.*thaw\.node\.path/);
});

test('without its package, or on a system that cannot load it, WebGPU is missing with the reason', async () => {
  const reasonOf = async (error: Error): Promise<string> => {
    const loaded = await loadWebGpu(() => Promise.reject(error));
    assert.ok(!loaded.ok);
    assert.equal(loaded.errors[0]!.code, 'engine-missing');
    return loaded.errors[0]!.message;
  };
  assert.match(await reasonOf(Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' })), /not part of this build/);
  assert.match(await reasonOf(new Error('GLIBC_2.34 not found\nRequire stack: x')), /cannot be loaded: GLIBC_2\.34 not found$/);
});
