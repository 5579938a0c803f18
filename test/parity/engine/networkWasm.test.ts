import { test } from 'node:test';
import { wasm } from '../../../src/engine/rungs/wasm.ts';
import { startEngine } from '../../support/engines.ts';
import { goldenNetworkNames } from '../../support/goldenNetwork.ts';
import { leaksNothing } from '../../support/leaks.ts';
import { lite0Parity } from '../../support/lite0Parity.ts';
import { networkParity } from '../../support/networkParity.ts';
import { recomputes } from '../../support/recomputes.ts';

const engine = await startEngine(wasm);
if ('skip' in engine) {
  test('networks on WebAssembly', { skip: engine.skip }, () => undefined);
} else {
  const { kernels } = engine.started;
  for (const name of goldenNetworkNames) networkParity(name, 'WebAssembly', kernels);
  lite0Parity('WebAssembly', kernels);
  recomputes('WebAssembly', kernels);
  leaksNothing('WebAssembly', kernels);
}
