/** Which engine trains: chosen by measurement, or asked for; and what is said of the machine. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseEngineFacts } from '../../../src/protocol/guards.ts';
import type { EngineFacts } from '../../../src/protocol/runEvent.ts';
import { factsOf, manifestOf, Workspace } from '../../support/product.ts';
import { noWebGpu } from '../../support/softwareGpu.ts';

test('a run says what it timed, on which machine, and why each other engine is out', async (t) => {
  const workspace = new Workspace(t);
  assert.equal((await workspace.thaw('run', workspace.quickExperiment())).code, 0);
  const engine = manifestOf(workspace.lastRun()).engine!;
  assert.deepEqual([engine.name, engine.timed], ['wasm', 'head of efficientnet_lite0, 8 samples']);
  assert.deepEqual(engine.tried.map(({ name, ok }) => [name, ok]), [['tensorflow', false], ['webgpu', false], ['wasm', true]]);
  assert.ok(engine.tried.every(({ ok, why, stepMs }) => ok ? stepMs! > 0 : why));
  const { cores, memoryBytes, freeBytes } = engine.machine!;
  assert.ok(cores >= 1 && memoryBytes > 2 ** 28 && freeBytes < memoryBytes);
});

test('doctor refuses a software adapter, with its name', { skip: noWebGpu }, async (t) => {
  const { stdout } = await new Workspace(t).thaw('doctor', '--json'), facts = parseEngineFacts(JSON.parse(stdout));
  assert.ok(facts.ok);
  assert.match(facts.value.tried.find(({ name }) => name === 'webgpu')!.why!, /^WebGPU has only a processor to run on here \(.*SwiftShader/i);
});

test('asked for, WebGPU trains even there, says so, and learns what the built-in engine learns', { skip: noWebGpu }, async (t) => {
  const workspace = new Workspace(t), experiment = workspace.quickExperiment();
  const lossesOn = async (engine: EngineFacts['name']): Promise<number[]> => {
    assert.equal((await workspace.thaw('run', experiment, '--engine', engine)).code, 0);
    assert.deepEqual([manifestOf(workspace.lastRun()).engine?.name, manifestOf(workspace.lastRun()).engine?.why], [engine, 'asked for']);
    return (await factsOf(workspace.lastRun(), 'evaluated')).map(({ loss }) => loss);
  };
  const wanted = await lossesOn('wasm'), losses = await lossesOn('webgpu');
  const [warning] = await factsOf(workspace.lastRun(), 'warning');
  assert.match(warning!.diagnostic.message, /^WebGPU computes on the processor here/);
  assert.equal(losses.length, wanted.length);
  // A few steps of float32 from the same start, on other orders of sums.
  for (const [i, loss] of losses.entries()) assert.ok(Math.abs(loss - wanted[i]!) < 1e-4, `${loss} is not ${wanted[i]!}`);
});
