/** The tiny network of a model golden as our op list, its weights by our names, and its tensors in our layout. */
import assert from 'node:assert/strict';
import { isWithin } from '../../src/backbones/blocks.ts';
import type { Network } from '../../src/backbones/op.ts';
import { parametersOf } from '../../src/backbones/parameters.ts';
import { sizeOf } from '../../src/backbones/shapes.ts';
import type { Weights } from '../../src/backbones/tensorData.ts';
import { goldenFamilies } from './goldenFamilies.ts';
import type { GoldenCase, GoldenTensor } from './goldens.ts';

/** How the case's constructor is written as an op list. */
export interface GoldenFamily {
  /** The classifier's module in the case; ours is `head`. */
  readonly head: string;
  network(golden: GoldenCase): Network;
  /** Parameters that the case's library names otherwise than timm: its name → ours. */
  ourName?(name: string): string;
  /** Modules whose output is not that of the last node within them: module → node. */
  readonly modules?: Readonly<Record<string, string>>;
}

export interface GoldenNetwork {
  readonly network: Network;
  readonly weights: Weights;
  /** Our parameter or buffer → the one in the golden. */
  goldenName(name: string): string;
  /** A module of the golden → the node with its output. */
  nodeOf(module: string): string;
}

/** Every case that networks are built for, in order of name. */
export const goldenNetworkNames: readonly string[] = Object.keys(goldenFamilies).sort();

export function goldenNetwork(golden: GoldenCase): GoldenNetwork {
  const family = goldenFamilies[golden.name];
  assert.ok(family, `no network is built for ${golden.name}`);
  const { head, modules = {}, ourName = (name: string) => name } = family, network = family.network(golden);
  const isHead = (name: string): boolean => isWithin(name, head);
  const names = new Map([...golden.weights.keys()].filter((name) => !golden.facts.unused_parameters.includes(name))
    .map((name) => [isHead(name) ? `head${name.slice(head.length)}` : ourName(name), name]));
  const wanted = parametersOf(network);
  assert.deepEqual([...names.keys()].sort(), wanted.map(({ name }) => name).sort(), `${golden.name} has the parameters of its network`);
  const weights = new Map(wanted.map(({ name, shape }) => {
    const tensor = golden.weights.get(names.get(name)!)!;
    // Where one library has a linear layer and the other the same as a convolution, only the shape differs.
    assert.deepEqual([tensor.shape[0], tensor.data.length], [shape[0], sizeOf(shape)], `${golden.name} ${name}`);
    return [name, { shape, data: tensor.data }];
  }));
  return {
    network, weights,
    goldenName: (name) => names.get(name)!,
    nodeOf(module) {
      const node = modules[module] ?? network.nodes.findLast(({ name }) => isWithin(name, module))?.name;
      assert.ok(node, `${golden.name} has a node in ${module}`);
      return node;
    },
  };
}

/** What feeds the head: the golden's `pooled`. */
export const pooledNode = (network: Network): string => network.nodes.find(({ name }) => name === 'head')!.inputs[0]!;

/** Modules whose outputs the case holds, in either mode. */
export const activationsOf = (golden: GoldenCase): readonly string[] =>
  Object.keys(golden.tolerances).filter((key) => key.startsWith('eval/act/')).map((key) => key.slice('eval/act/'.length));

/** Images [batch, channels, height, width] → [batch, height, width, channels]. */
export const toNhwc = ({ shape, data }: GoldenTensor): Float32Array => {
  const [batch, channels, height, width] = shape as [number, number, number, number];
  return moved(data, batch, channels, height * width);
};

/** Maps [batch, height, width, channels] → [batch, channels, height, width]; features and tokens stay as they are. */
export const toNchw = (data: ArrayLike<number>, shape: readonly number[]): ArrayLike<number> => {
  const [batch, height, width, channels] = shape;
  return channels === undefined ? data : moved(data, batch!, height! * width!, channels);
};

/** [batch, a, b] → [batch, b, a]. */
function moved(data: ArrayLike<number>, batch: number, a: number, b: number): Float32Array {
  const out = new Float32Array(data.length);
  for (let n = 0; n < batch; n++) for (let i = 0; i < a; i++) for (let j = 0; j < b; j++) out[(n * b + j) * a + i] = data[(n * a + i) * b + j]!;
  return out;
}
