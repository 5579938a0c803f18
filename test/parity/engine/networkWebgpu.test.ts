import { test } from 'node:test';
import { webgpu } from '../../../src/engine/rungs/webgpu.ts';
import { startEngine } from '../../support/engines.ts';
import { goldenNetworkNames } from '../../support/goldenNetwork.ts';
import { leaksNothing } from '../../support/leaks.ts';
import { lite0Parity } from '../../support/lite0Parity.ts';
import { networkParity } from '../../support/networkParity.ts';
import { recomputes } from '../../support/recomputes.ts';
import { noWebGpu } from '../../support/softwareGpu.ts';

/**
 * A software GPU takes half a minute for a test of a network: there, one network by the batch's statistics, or all with
 * THAW_ALL_GOLDENS=1. kernels.test.ts has every op's gradient on it.
 */
const few = 'img.tf_efficientnet_lite0';

const engine = noWebGpu === false ? await startEngine(webgpu) : { skip: noWebGpu };
if ('skip' in engine) {
  test('networks on WebGPU', { skip: engine.skip }, () => undefined);
} else {
  const { kernels, device } = engine.started;
  if (device === 'gpu' || process.env['THAW_ALL_GOLDENS']) for (const name of goldenNetworkNames) networkParity(name, 'WebGPU', kernels);
  else networkParity(few, 'WebGPU', kernels, ['train']);
  lite0Parity('WebGPU', kernels);
  recomputes('WebGPU', kernels);
  leaksNothing('WebGPU', kernels, 200);
}
