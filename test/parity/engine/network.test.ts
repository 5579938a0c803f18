import { portable } from '../../../src/engine/kernels.ts';
import { goldenNetworkNames } from '../../support/goldenNetwork.ts';
import { networkParity } from '../../support/networkParity.ts';
import '../../support/cpuEngine.ts';

for (const name of goldenNetworkNames) networkParity(name, 'the reference engine', portable);
