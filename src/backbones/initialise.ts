/**
 * Random weights as timm gives them to a network's family (`Network.initial`): kernels as said there, biases 0, norms the
 * identity, running statistics mean 0, variance 1, positions normal with deviation 0.02, learnt tokens with 1e-6. The head
 * is PyTorch's own (`nn.Linear`): weights and biases uniform within ±1/√inputs, as timm's reset_classifier makes one. Each
 * parameter draws from a stream of its own, so a run and its control start from the same head.
 */
import { rng } from '../base/rng.ts';
import { read } from './op.ts';
import type { Initialisation, Network, Reader } from './op.ts';
import { parametersOf } from './parameters.ts';
import type { Parameter } from './parameters.ts';
import { shapesOf, sizeOf } from './shapes.ts';
import type { TensorData, Weights } from './tensorData.ts';

type Draw = () => number;
type Random = ReturnType<typeof rng>;

const normal = (variance: number, random: Random): Draw => () => Math.sqrt(variance) * random.normal();
const uniform = (bound: number, random: Random): Draw => () => bound * (2 * random.next() - 1);
const zero: Draw = () => 0, one: Draw = () => 1;

/** A parameter to be drawn, and its network's way. */
interface Fresh extends Pick<Parameter, 'node' | 'part' | 'shape'> {
  /** Values that one output of a kernel is made of: of the node's weight, for its bias too. */
  readonly fanIn: number;
  readonly random: Random;
  readonly initial: Initialisation;
}

const draws: Reader<[fresh: Fresh], Draw> = {
  conv: ({ groups }, fresh) => kernelDraw(fresh, groups),
  depthwiseConv: (_, fresh) => kernelDraw(fresh, fresh.shape[0]!),
  batchNorm: (_, { node, part, initial }) => part === 'running_var' || (part === 'weight' && !initial.zeroScales?.includes(node)) ? one : zero,
  relu: () => zero,
  relu6: () => zero,
  activation: () => zero,
  add: () => zero,
  multiply: () => zero,
  concat: () => zero,
  padChannels: () => zero,
  maxPool: () => zero,
  averagePool: () => zero,
  adaptiveAveragePool: () => zero,
  globalAveragePool: () => zero,
  flatten: () => zero,
  linear: (_, fresh) => kernelDraw(fresh, 1),
  layerNorm: (_, { part }) => part === 'weight' ? one : zero,
  scale: ({ initial }) => () => initial,
  tokens: () => zero,
  prepend: (_, { random }) => normal(1e-6 ** 2, random),
  addTable: (_, { random }) => normal(0.02 ** 2, random),
  attention: () => zero,
  takeToken: () => zero,
  meanTokens: () => zero,
};

/** One value of a kernel [out, in / groups, …] or of its bias. */
function kernelDraw({ node, part, shape, fanIn, random, initial: { kernels, asTorch } }: Fresh, groups: number): Draw {
  if (kernels === 'torch' || node === 'head' || asTorch?.includes(node)) return uniform(1 / Math.sqrt(fanIn), random);
  if (part !== 'weight') return zero;
  if (kernels === 'fanIn') return normal(2 / fanIn, random);
  if (kernels === 'fanOut') return normal(2 / (sizeOf(shape) / shape[1]! / groups), random);
  return normal(kernels.deviation ** 2, random);
}

/** Every parameter and buffer of `network`, drawn from `seed`. `drawn`: of each parameter; then they repeat, which is much quicker and enough where only time counts. */
export function randomWeights(network: Network, seed: number, drawn = Infinity): Weights {
  const nodes = new Map(network.nodes.map((node) => [node.name, node])), all = parametersOf(network);
  const kernels = new Map(all.filter(({ part }) => part === 'weight').map(({ node, shape, size }) => [node, size / shape[0]!]));
  const initial = network.initial ?? { kernels: 'fanOut' };
  const tensorOf = ({ name, node, part, shape, size }: Parameter): TensorData => {
    const draw = read(draws, nodes.get(node)!.op, { node, part, shape, fanIn: kernels.get(node)!, random: rng(seed, 'initialise', name), initial });
    const data = new Float32Array(size);
    for (let i = 0; i < data.length && i < drawn; i++) data[i] = draw();
    for (let known = drawn; known < data.length; known *= 2) data.copyWithin(known, 0, known);
    return { shape, data };
  };
  return new Map(all.map((parameter) => [parameter.name, tensorOf(parameter)]));
}

/** What a fine-tuning starts from: the pretrained weights, and a new head in place of theirs. */
export function withNewHead(network: Network, pretrained: Weights, seed: number): Weights {
  const head = network.nodes.filter(({ name }) => name === 'head');
  const before = shapesOf(network).get(head[0]!.inputs[0]!)!;
  const fresh = randomWeights({ ...network, input: before, nodes: head.map((node) => ({ ...node, inputs: ['input'] })) }, seed);
  return new Map([...[...pretrained].filter(([name]) => !name.startsWith('head.')), ...fresh]);
}
