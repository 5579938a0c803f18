/**
 * The step by which engines are compared: forward, backward and update of two inverted residual blocks of
 * EfficientNet-Lite0 (stage 5: 14 × 14, 112 channels) and a head, on 8 samples; about 2.5 GFLOP. That is the work of a
 * run that thaws blocks. A head alone takes seconds on any engine, so it need not decide.
 */
import type { Network, Node, Op } from '../backbones/op.ts';
import { parametersOf } from '../backbones/parameters.ts';
import { sizeOf } from '../backbones/shapes.ts';
import { rng } from '../base/rng.ts';
import type { Kernels } from './kernels.ts';
import { sgd } from './optimizer.ts';
import { createState, disposeState, setStage, takeLoss, trainStep } from './step.ts';

export async function timedStep(kernels: Kernels): Promise<void> {
  const parameters = parametersOf(network), random = rng(1, 'timed step');
  const values = (size: number): Float32Array => Float32Array.from({ length: size }, () => random.next() / 10);
  const state = createState({
    network, from: 'input', input: { mean: [0, 0, 0], std: [1, 1, 1] }, kernels, optimizer: sgd(),
    weights: new Map(parameters.map(({ name, shape, size }) => [name, { shape, data: values(size) }])),
  });
  try {
    const names = parameters.filter(({ buffer }) => !buffer).map(({ name }) => name);
    setStage(state, { groups: [{ names, rateFactor: 1, weightDecay: 0 }], bnStatistics: 'batch' });
    trainStep(state, { x: values(samples * sizeOf(network.input)), labels: new Int32Array(samples), weights: new Float32Array(samples).fill(1) }, 1e-3);
    await takeLoss(state);
  } finally {
    disposeState(state);
  }
}

const samples = 8, width = 112, expansion = 6;

const node = (name: string, op: Op, ...inputs: string[]): Node => ({ name, op, inputs });

function block(name: string, input: string): Node[] {
  const conv = (filters: number): Op => ({ op: 'conv', filters, kernel: 1, stride: 1, padding: 'same', groups: 1, bias: false });
  const norm: Op = { op: 'batchNorm', epsilon: 1e-3, momentum: 0.01 };
  return [
    node(`${name}.expand`, conv(width * expansion), input), node(`${name}.bn1`, norm, `${name}.expand`), node(`${name}.relu1`, { op: 'relu6' }, `${name}.bn1`),
    node(`${name}.depthwise`, { op: 'depthwiseConv', kernel: 5, stride: 1, padding: 'same', bias: false }, `${name}.relu1`),
    node(`${name}.bn2`, norm, `${name}.depthwise`), node(`${name}.relu2`, { op: 'relu6' }, `${name}.bn2`),
    node(`${name}.project`, conv(width), `${name}.relu2`), node(`${name}.bn3`, norm, `${name}.project`),
    node(name, { op: 'add' }, `${name}.bn3`, input),
  ];
}

const network: Network = {
  name: 'timed step',
  input: [14, 14, width],
  nodes: [
    ...block('first', 'input'), ...block('second', 'first'),
    node('average', { op: 'globalAveragePool' }, 'second'),
    node('head', { op: 'linear', units: 10, bias: true }, 'average'),
  ],
};
