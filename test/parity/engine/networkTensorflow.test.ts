import { test } from 'node:test';
import { tensorflow } from '../../../src/engine/rungs/tensorflow.ts';
import { startEngine } from '../../support/engines.ts';
import { leaksNothing } from '../../support/leaks.ts';
import { lite0Parity } from '../../support/lite0Parity.ts';
import { networkParity } from '../../support/networkParity.ts';

const engine = await startEngine(tensorflow);
if ('skip' in engine) {
  test('networks on TensorFlow', { skip: engine.skip }, () => undefined);
} else {
  const { kernels } = engine.started;
  networkParity('img.tf_efficientnet_lite0', 'TensorFlow', kernels);
  networkParity('img.efficientnet_lite0', 'TensorFlow', kernels);
  lite0Parity('TensorFlow', kernels);
  leaksNothing('TensorFlow', kernels);
}
