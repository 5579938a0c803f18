import { read } from './op.ts';
import type { Network, Reader, Shape } from './op.ts';
import { inputShapes, shapesOf, sizeOf } from './shapes.ts';

/** Input's and output's shapes → floating-point operations of one sample; a multiply-add counts 2, as in engines' GFLOP/s. */
const flops: Reader<[input: Shape, output: Shape], number> = {
  conv: ({ kernel, groups }, input, output) => 2 * sizeOf(output) * kernel * kernel * input.at(-1)! / groups,
  depthwiseConv: ({ kernel }, _, output) => 2 * sizeOf(output) * kernel * kernel,
  batchNorm: (_, __, output) => 2 * sizeOf(output),
  relu: (_, __, output) => sizeOf(output),
  relu6: (_, __, output) => 2 * sizeOf(output),
  add: (_, __, output) => sizeOf(output),
  maxPool: ({ kernel }, _, output) => sizeOf(output) * kernel * kernel,
  globalAveragePool: (_, input) => sizeOf(input),
  linear: (_, input, output) => 2 * sizeOf(input) * sizeOf(output),
};

/** FLOPs of one sample's forward pass, by node. */
export function flopsOf(network: Network): ReadonlyMap<string, number> {
  const shapes = shapesOf(network);
  return new Map(network.nodes.map(({ name, op, inputs }) =>
    [name, read(flops, op, inputShapes(network, inputs, shapes)[0]!, shapes.get(name)!)]));
}
