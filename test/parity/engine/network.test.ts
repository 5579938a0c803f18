import { portable } from '../../../src/engine/kernels.ts';
import { networkParity } from '../../support/networkParity.ts';
import '../../support/cpuEngine.ts';

networkParity('img.tf_efficientnet_lite0', 'the reference engine', portable);
