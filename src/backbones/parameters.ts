import { onceEach } from '../base/onceEach.ts';
import { read } from './op.ts';
import type { Network, Reader, Shape } from './op.ts';
import { perAxis } from './padding.ts';
import { inputShapes, shapesOf, sizeOf } from './shapes.ts';

/** One stored tensor of a network. */
export interface Parameter {
  /** `<node>.<part>`, or `<node>` where there is no part: as in the weights file, but for the head (weightNames.ts). */
  readonly name: string;
  readonly node: string;
  /** `weight`, `bias`, `running_mean`, `running_var`, `gamma`; empty for a tensor that has its node's own name. */
  readonly part: string;
  /** As stored (PyTorch's layout). */
  readonly shape: Shape;
  readonly size: number;
  /** Running statistics: kept and saved, never trained, not counted. */
  readonly buffer: boolean;
}

type Parts = Readonly<Record<string, Shape>>;

/** Trained tensors of one op, by the last segment of their names. */
const trained: Reader<[input: Shape], Parts> = {
  conv: ({ filters, kernel, groups, bias }, input) =>
    ({ weight: [filters, input.at(-1)! / groups, ...perAxis(kernel)], ...(bias && { bias: [filters] }) }),
  depthwiseConv: ({ kernel, bias }, input) =>
    ({ weight: [input.at(-1)!, 1, ...perAxis(kernel)], ...(bias && { bias: [input.at(-1)!] }) }),
  batchNorm: (_, input) => ({ weight: [input.at(-1)!], bias: [input.at(-1)!] }),
  relu: () => ({}),
  relu6: () => ({}),
  activation: () => ({}),
  add: () => ({}),
  multiply: () => ({}),
  concat: () => ({}),
  padChannels: () => ({}),
  maxPool: () => ({}),
  averagePool: () => ({}),
  adaptiveAveragePool: () => ({}),
  globalAveragePool: () => ({}),
  flatten: () => ({}),
  linear: ({ units, bias }, input) => ({ weight: [units, input.at(-1)!], ...(bias && { bias: [units] }) }),
  layerNorm: (_, input) => ({ weight: [input.at(-1)!], bias: [input.at(-1)!] }),
  scale: (_, input) => ({ gamma: [input.at(-1)!] }),
  tokens: () => ({}),
  prepend: ({ count }, input) => ({ '': [1, count, input.at(-1)!] }),
  addTable: ({ grid }, [tokens, width]) => ({ '': [1, tokens! + (grid ? sizeOf(grid.from) - sizeOf(grid.to) : 0), width!] }),
  attention: () => ({}),
  takeToken: () => ({}),
  meanTokens: () => ({}),
};

/** Of a node's part. */
export const parameterName = (node: string, part: string): string => part === '' ? node : `${node}.${part}`;

/** Whether weight decay is meant for it: kernels and matrices, not norms, biases, learnt tokens and positions (as timm's `no_weight_decay`). */
export const decays = ({ shape, part }: Parameter): boolean => shape.length > 1 && part !== '';

/** Every parameter and buffer, in the order of the nodes. */
export const parametersOf = onceEach((network: Network): readonly Parameter[] => {
  const shapes = shapesOf(network);
  return network.nodes.flatMap((node) => {
    const input = inputShapes(network, node.inputs, shapes)[0]!;
    const channels = [input.at(-1)!];
    const buffers: Parts = node.op.op === 'batchNorm' ? { running_mean: channels, running_var: channels } : {};
    const list = (parts: Parts, buffer: boolean): Parameter[] => Object.entries(parts)
      .map(([part, shape]) => ({ name: parameterName(node.name, part), node: node.name, part, shape, size: sizeOf(shape), buffer }));
    return [...list(read(trained, node.op, input), false), ...list(buffers, true)];
  });
});

/** Trainable values; running statistics are not among them. */
export const parameterCount = (network: Network): number =>
  parametersOf(network).reduce((sum, { size, buffer }) => sum + (buffer ? 0 : size), 0);

/** Name of a parameter → name of its node. */
export const nodesOf = (network: Network): ReadonlyMap<string, string> => new Map(parametersOf(network).map(({ name, node }) => [name, node]));
