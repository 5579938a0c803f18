import { portable } from '../../../src/engine/kernels.ts';
import { goldenNetworkNames } from '../../support/goldenNetwork.ts';
import { networkParity } from '../../support/networkParity.ts';
import '../../support/cpuEngine.ts';

/**
 * Plain JavaScript takes a minute for some networks. By default those whose goldens are in the project, which between
 * them have nearly every op; all with THAW_ALL_GOLDENS=1. WebAssembly and TensorFlow always run all.
 */
const few = ['img.tf_efficientnet_lite0', 'img.mobilenetv3', 'img.dinov2_down'];

for (const name of process.env['THAW_ALL_GOLDENS'] ? goldenNetworkNames : few) networkParity(name, 'the reference engine', portable);
