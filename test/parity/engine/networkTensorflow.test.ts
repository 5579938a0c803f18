import { test } from 'node:test';
import { tensorflow } from '../../../src/engine/rungs/tensorflow.ts';
import { startEngine } from '../../support/engines.ts';
import { goldenNetworkNames } from '../../support/goldenNetwork.ts';
import { leaksNothing } from '../../support/leaks.ts';
import { lite0Parity } from '../../support/lite0Parity.ts';
import { networkParity } from '../../support/networkParity.ts';
import { recomputes } from '../../support/recomputes.ts';

const engine = await startEngine(tensorflow);
if ('skip' in engine) {
  test('networks on TensorFlow', { skip: engine.skip }, () => undefined);
} else {
  const { kernels } = engine.started;
  for (const name of goldenNetworkNames) networkParity(name, 'TensorFlow', kernels);
  lite0Parity('TensorFlow', kernels);
  recomputes('TensorFlow', kernels);
  leaksNothing('TensorFlow', kernels);
}
