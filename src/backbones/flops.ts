import { isWithin } from './blocks.ts';
import { read } from './op.ts';
import type { Activation, Network, PerAxis, Reader, Shape } from './op.ts';
import { perAxis } from './padding.ts';
import { inputShapes, shapesOf, sizeOf } from './shapes.ts';

/** Input's and output's shapes → floating-point operations of one sample; a multiply-add counts 2, as in engines' GFLOP/s. */
const flops: Reader<[input: Shape, output: Shape], number> = {
  conv: ({ kernel, groups }, input, output) => 2 * sizeOf(output) * area(kernel) * input.at(-1)! / groups,
  depthwiseConv: ({ kernel }, _, output) => 2 * sizeOf(output) * area(kernel),
  batchNorm: (_, __, output) => 2 * sizeOf(output),
  relu: (_, __, output) => sizeOf(output),
  relu6: (_, __, output) => 2 * sizeOf(output),
  activation: ({ kind }, _, output) => activationFlops[kind] * sizeOf(output),
  add: (_, __, output) => sizeOf(output),
  multiply: (_, __, output) => sizeOf(output),
  concat: () => 0,
  padChannels: () => 0,
  maxPool: ({ kernel }, _, output) => sizeOf(output) * area(kernel),
  averagePool: ({ kernel }, _, output) => sizeOf(output) * area(kernel),
  adaptiveAveragePool: (_, input, output) => Math.max(sizeOf(input), sizeOf(output)),
  globalAveragePool: (_, input) => sizeOf(input),
  flatten: () => 0,
  linear: (_, input, output) => 2 * sizeOf(output) * input.at(-1)!,
  layerNorm: (_, __, output) => 8 * sizeOf(output),
  scale: (_, __, output) => sizeOf(output),
  tokens: () => 0,
  prepend: () => 0,
  addTable: (_, __, output) => sizeOf(output),
  attention: ({ heads }, input, output) => 4 * input[0]! * sizeOf(output) + 5 * heads * input[0]! ** 2, // two products, and the softmax between them
  takeToken: () => 0,
  meanTokens: (_, input) => sizeOf(input),
};

const area = (kernel: PerAxis): number => {
  const [height, width] = perAxis(kernel);
  return height * width;
};

/** Per value; an exponential counts 4. */
const activationFlops: Readonly<Record<Activation, number>> = { silu: 7, hardSwish: 5, hardSigmoid: 4, sigmoid: 6, tanh: 6, geluErf: 10, geluTanh: 10, geluQuick: 8 };

/** FLOPs of one sample's forward pass, by node. */
export function flopsOf(network: Network): ReadonlyMap<string, number> {
  const shapes = shapesOf(network);
  return new Map(network.nodes.map(({ name, op, inputs }) =>
    [name, read(flops, op, inputShapes(network, inputs, shapes)[0]!, shapes.get(name)!)]));
}

/** Share of the forward pass (0…1) that the layers below a dotted name, and the named ones beside it, take. */
export function flopShare(network: Network): (path: string, nodes: ReadonlySet<string>) => number {
  const flops = [...flopsOf(network)], total = flops.reduce((sum, [, each]) => sum + each, 0);
  return (path, nodes) => flops.reduce((sum, [name, each]) => nodes.has(name) || isWithin(name, path) ? sum + each : sum, 0) / total;
}
