/**
 * Random weights as timm gives them to EfficientNet (`_init_weight_goog`), without the correction for dropout:
 * convolutions normal with variance 2 / fan-out, batch norms the identity, running statistics mean 0, variance 1.
 * The linear head is PyTorch's own (`nn.Linear`): weights and biases uniform within ±1/√inputs, as timm's reset_classifier makes
 * one. Each parameter draws from a stream of its own, so a run and its control start from the same head.
 */
import { rng } from '../base/rng.ts';
import { read } from './op.ts';
import type { Network, Reader } from './op.ts';
import { parametersOf } from './parameters.ts';
import type { Parameter } from './parameters.ts';
import { inputShapes, shapesOf, sizeOf } from './shapes.ts';
import type { TensorData, Weights } from './tensorData.ts';

type Draw = () => number;
type Random = ReturnType<typeof rng>;

const normal = (variance: number, random: Random): Draw => () => Math.sqrt(variance) * random.normal();
const uniform = (bound: number, random: Random): Draw => () => bound * (2 * random.next() - 1);
const zero: Draw = () => 0;

/** One value of a parameter's part (`weight`, …), given the op and its number of input channels. */
const draws: Reader<[part: string, inputs: number, random: Random], Draw> = {
  conv: ({ kernel, filters, groups }, part, _, random) =>
    part === 'weight' ? normal(2 / (kernel * kernel * filters / groups), random) : zero,
  depthwiseConv: ({ kernel }, part, _, random) => part === 'weight' ? normal(2 / (kernel * kernel), random) : zero,
  batchNorm: (_, part) => part === 'weight' || part === 'running_var' ? () => 1 : zero,
  relu: () => zero,
  relu6: () => zero,
  add: () => zero,
  maxPool: () => zero,
  globalAveragePool: () => zero,
  linear: (_, __, inputs, random) => uniform(1 / Math.sqrt(inputs), random),
};

/** Every parameter and buffer of `network`, drawn from `seed`. */
export function randomWeights(network: Network, seed: number): Weights {
  const nodes = new Map(network.nodes.map((node) => [node.name, node])), shapes = shapesOf(network);
  const tensorOf = ({ name, node: nodeName, part, shape }: Parameter): TensorData => {
    const node = nodes.get(nodeName)!, inputs = inputShapes(network, node.inputs, shapes)[0]!.at(-1)!;
    const draw = read(draws, node.op, part, inputs, rng(seed, 'initialise', name));
    const data = new Float32Array(sizeOf(shape));
    for (let i = 0; i < data.length; i++) data[i] = draw();
    return { shape, data };
  };
  return new Map(parametersOf(network).map((parameter) => [parameter.name, tensorOf(parameter)]));
}

/** What a fine-tuning starts from: the pretrained weights, and a new head in place of theirs. */
export function withNewHead(network: Network, pretrained: Weights, seed: number): Weights {
  const head = network.nodes.filter(({ name }) => name === 'head');
  const before = shapesOf(network).get(head[0]!.inputs[0]!)!;
  const fresh = randomWeights({ ...network, input: before, nodes: head.map((node) => ({ ...node, inputs: ['input'] })) }, seed);
  return new Map([...[...pretrained].filter(([name]) => !name.startsWith('head.')), ...fresh]);
}
