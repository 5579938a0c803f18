/**
 * Does this engine compute the right gradients? One step of a small network with every op of the set, taken by the code
 * that trains, its loss and gradients compared with values stored here. They were computed in plain JavaScript
 * (scripts/selfTestValues.mjs prints them), which test/parity holds against PyTorch.
 */
import type { Network, Node, Op } from '../backbones/op.ts';
import { parametersOf } from '../backbones/parameters.ts';
import { sizeOf } from '../backbones/shapes.ts';
import type { Weights } from '../backbones/tensorData.ts';
import { rng } from '../base/rng.ts';
import type { Kernels } from './kernels.ts';
import { sgd } from './optimizer.ts';
import { createState, disposeState, setStage, takeLoss, trainStep, weightsOf, type Batch } from './step.ts';

/** Two numbers tell a gradient apart from nearly any other: its product with a random direction, and its length. */
export type GradientMark = readonly [along: number, length: number];

export interface SelfTestValues {
  readonly loss: number;
  readonly marks: Readonly<Record<string, GradientMark>>;
}

/** What is wrong with the engine, or undefined. Takes a few milliseconds. */
export async function selfTest(kernels: Kernels): Promise<string | undefined> {
  const found = await selfTestValues(kernels);
  if (!near(found.loss, expected.loss, expected.loss)) return `loss is ${found.loss}, not ${expected.loss}`;
  for (const [name, [along, length]] of Object.entries(expected.marks)) {
    const [foundAlong, foundLength] = found.marks[name]!;
    if (!near(foundAlong, along, length) || !near(foundLength, length, length)) {
      return `gradient of ${name} off by ${(Math.max(Math.abs(foundAlong - along), Math.abs(foundLength - length)) / length).toPrecision(2)} of its length`;
    }
  }
  return undefined;
}

/** Sums in another order move these by 1e-6 of a gradient's length; a wrong kernel by far more than this. NaN is not near. */
const near = (found: number, wanted: number, scale: number): boolean => Math.abs(found - wanted) <= 1e-4 * scale;

/** Plain descent at rate 1 leaves parameter − gradient behind. */
export async function selfTestValues(kernels: Kernels): Promise<SelfTestValues> {
  const before = weightsOfTest();
  const state = createState({ network, from: 'input', input: { mean: [0, 0, 0], std: [1, 1, 1] }, weights: before, kernels, optimizer: sgd() });
  try {
    setStage(state, { groups: [{ names: trained, rateFactor: 1, weightDecay: 0 }], bnStatistics: 'batch' });
    trainStep(state, batch(), 1);
    const loss = await takeLoss(state), after = await weightsOf(state);
    return { loss, marks: Object.fromEntries(trained.map((name) => [name, markOf(name, before, after)])) };
  } finally {
    disposeState(state);
  }
}

function markOf(name: string, before: Weights, after: Weights): GradientMark {
  const old = before.get(name)!.data, fresh = after.get(name)!.data, random = rng(1, 'direction', name);
  let along = 0, square = 0;
  for (let i = 0; i < old.length; i++) {
    const gradient = old[i]! - fresh[i]!;
    along += gradient * random.normal();
    square += gradient ** 2;
  }
  return [along, Math.sqrt(square)];
}

const node = (name: string, op: Op, ...inputs: string[]): Node => ({ name, op, inputs });

/** Odd and even sizes, both strides, padding of every kind, windows of negative values. */
const network: Network = {
  name: 'self-test',
  input: [11, 12, 3],
  nodes: [
    node('stem', { op: 'conv', filters: 6, kernel: 3, stride: 2, padding: 'same', groups: 1, bias: false }, 'input'),
    node('stem_bn', { op: 'batchNorm', epsilon: 1e-3, momentum: 0.01 }, 'stem'),
    node('pool', { op: 'maxPool', kernel: 2, stride: 1, padding: 'same' }, 'stem_bn'),
    node('relu', { op: 'relu' }, 'pool'),
    node('expand', { op: 'conv', filters: 8, kernel: 1, stride: 1, padding: 0, groups: 1, bias: false }, 'relu'),
    node('expand_bn', { op: 'batchNorm', epsilon: 1e-3, momentum: 0.01 }, 'expand'),
    node('expand_relu', { op: 'relu6' }, 'expand_bn'),
    node('depthwise', { op: 'depthwiseConv', kernel: 3, stride: 1, padding: 'same', bias: false }, 'expand_relu'),
    node('project', { op: 'conv', filters: 6, kernel: 3, stride: 1, padding: 1, groups: 1, bias: false }, 'depthwise'),
    node('sum', { op: 'add' }, 'project', 'relu'),
    node('swish', { op: 'activation', kind: 'silu' }, 'sum'),
    node('gate_pool', { op: 'adaptiveAveragePool', height: 1, width: 1 }, 'swish'),
    node('gate_reduce', { op: 'conv', filters: 4, kernel: 1, stride: 1, padding: 0, groups: 1, bias: true }, 'gate_pool'),
    node('gate_act', { op: 'activation', kind: 'hardSwish' }, 'gate_reduce'),
    node('gate_expand', { op: 'conv', filters: 6, kernel: 1, stride: 1, padding: 0, groups: 1, bias: true }, 'gate_act'),
    node('gate', { op: 'activation', kind: 'sigmoid' }, 'gate_expand'),
    node('excite', { op: 'multiply' }, 'swish', 'gate'),
    node('down', { op: 'depthwiseConv', kernel: 5, stride: 2, padding: 'same', bias: false }, 'excite'),
    node('down_bn', { op: 'batchNorm', epsilon: 1e-3, momentum: 0.01 }, 'down'),
    node('wide', { op: 'conv', filters: 4, kernel: [1, 3], stride: 1, padding: [0, 1], groups: 1, bias: false }, 'down_bn'),
    node('soft', { op: 'averagePool', kernel: 3, stride: 1, padding: 1 }, 'down_bn'),
    node('side_by_side', { op: 'concat' }, 'wide', 'soft'),
    node('hard', { op: 'activation', kind: 'hardSigmoid' }, 'side_by_side'),
    node('parts', { op: 'adaptiveAveragePool', height: 2, width: 4 }, 'hard'), // of 3 × 3
    node('row', { op: 'flatten' }, 'parts'),
    node('average', { op: 'globalAveragePool' }, 'side_by_side'),
    node('patches', { op: 'tokens' }, 'side_by_side'),
    node('class_token', { op: 'prepend', count: 1 }, 'patches'),
    node('positions', { op: 'addTable', grid: { from: [2, 2], to: [3, 3], antialias: true } }, 'class_token'),
    node('norm', { op: 'layerNorm', epsilon: 1e-6 }, 'positions'),
    node('qkv', { op: 'linear', units: 24, bias: true }, 'norm'),
    node('values', { op: 'attention', heads: 2, fused: true }, 'qkv'),
    node('layer_scale', { op: 'scale', initial: 1 }, 'values'),
    node('gelu', { op: 'activation', kind: 'geluErf' }, 'layer_scale'),
    node('class', { op: 'takeToken', at: 0 }, 'gelu'),
    node('mean', { op: 'meanTokens', skip: 1 }, 'gelu'),
    node('wider', { op: 'padChannels', before: 1, after: 2 }, 'average'),
    node('all', { op: 'concat' }, 'row', 'wider', 'class', 'mean'),
    node('bounded', { op: 'activation', kind: 'tanh' }, 'all'),
    node('head', { op: 'linear', units: 3, bias: true }, 'bounded'),
  ],
};

const parameters = parametersOf(network);
const trained = parameters.filter(({ buffer }) => !buffer).map(({ name }) => name);

function weightsOfTest(): Weights {
  return new Map(parameters.map(({ name, shape, part }) => {
    const random = rng(1, name), scale = name === 'expand_bn.weight' ? 8 : 0.5; // so that relu6 meets values beyond 6
    const draw = part === 'running_var' ? () => 0.5 + random.next() : () => scale * random.normal();
    return [name, { shape, data: Float32Array.from({ length: sizeOf(shape) }, draw) }];
  }));
}

function batch(): Batch {
  const random = rng(1, 'batch');
  return {
    x: Float32Array.from({ length: 4 * 11 * 12 * 3 }, () => random.normal()),
    labels: Int32Array.of(0, 1, 2, 1),
    weights: Float32Array.of(1, 1, 1, 0.5),
  };
}

const expected: SelfTestValues = {
  loss: 1.9951472282409668,
  marks: {
    'stem.weight': [1.858027, 3.803601],
    'stem_bn.weight': [3.108965, 2.099111],
    'stem_bn.bias': [1.673186, 0.8261687],
    'expand.weight': [-5.117105, 3.677878],
    'expand_bn.weight': [-0.01184513, 0.07471249],
    'expand_bn.bias': [-0.2536986, 0.2099800],
    'depthwise.weight': [-1.772528, 1.595495],
    'project.weight': [-2.171643, 3.598127],
    'gate_reduce.weight': [-6.396268, 6.179183],
    'gate_reduce.bias': [-0.2422317, 0.2087218],
    'gate_expand.weight': [3.618036, 1.415225],
    'gate_expand.bias': [0.003101407, 0.04557193],
    'down.weight': [-0.1473287, 0.3664203],
    'down_bn.weight': [0.2112308, 0.2279676],
    'down_bn.bias': [1.991501, 1.433228],
    'wide.weight': [0.6992922, 1.012703],
    'class_token': [0.02046643, 0.06563267],
    'positions': [0.05290697, 0.1137601],
    'norm.weight': [-0.0003436750, 0.1532687],
    'norm.bias': [-0.2104125, 0.1813726],
    'qkv.weight': [-0.1011959, 0.2844892],
    'qkv.bias': [0.003440714, 0.1205263],
    'layer_scale.gamma': [-0.1643004, 0.2536998],
    'head.weight': [-0.04721968, 1.576471],
    'head.bias': [-0.08446349, 0.3648385],
  },
};
