/**
 * A network's parameters on the device, by their original names. Outside the engine tensors have PyTorch's layout
 * (OIHW, [out, in]), on the device TensorFlow's (HWIO, [in, out]); nothing else knows both.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Network, OpName } from '../backbones/op.ts';
import { parametersOf, type Parameter } from '../backbones/parameters.ts';
import type { TensorData, Weights } from '../backbones/tensorData.ts';
import { Bug } from '../base/bug.ts';
import type { Checked, Diagnostic } from '../protocol/diagnostic.ts';
import { TensorStore } from './tensorStore.ts';

/** Axes of the stored tensor in the order in which the device wants them. */
type Layout = readonly number[];

const weightLayouts: Partial<Record<OpName, Layout>> = {
  conv: [2, 3, 1, 0], // [out, in, height, width] → [height, width, in, out]
  depthwiseConv: [2, 3, 0, 1], // [channels, 1, height, width] → [height, width, channels, 1]
  linear: [1, 0], // [out, in] → [in, out]
};

export interface DeviceParameter extends Parameter {
  /** Left out: the same on both sides. */
  readonly layout?: Layout;
}

/** Parameters and buffers of the nodes behind `from` (a node's name, or `input` for all), in their order. */
export function parametersBehind(network: Network, from: string): readonly DeviceParameter[] {
  const nodes = new Map(nodesBehind(network, from).map((node) => [node.name, node.op.op]));
  return parametersOf(network).filter(({ node }) => nodes.has(node)).map((parameter) => {
    const layout = parameter.part === 'weight' ? weightLayouts[nodes.get(parameter.node)!] : undefined;
    return layout ? { ...parameter, layout } : parameter;
  });
}

export function nodesBehind(network: Network, from: string): Network['nodes'] {
  if (from === 'input') return network.nodes;
  const boundary = network.nodes.findIndex(({ name }) => name === from);
  if (boundary < 0) throw new Bug(`${network.name} has no node "${from}"`);
  return network.nodes.slice(boundary + 1);
}

/** Puts the parameters behind `from` on the device. `weights` may hold the rest of the network as well. */
export function loadParameters(network: Network, from: string, weights: Weights): Checked<TensorStore> {
  const wanted = parametersBehind(network, from);
  const { errors, warnings } = fitOf(network, wanted, weights);
  if (errors.length > 0) return { ok: false, errors, warnings };
  const value = new TensorStore();
  writeParameters(value, wanted, weights);
  return { ok: true, value, warnings };
}

/** Replaces the values of `wanted`; `weights` holds them all (see `fitOf`). */
export function writeParameters(store: TensorStore, wanted: readonly DeviceParameter[], weights: Weights): void {
  for (const { name, layout } of wanted) store.set(name, upload(weights.get(name)!, layout));
}

export async function readParameters(store: TensorStore, wanted: readonly DeviceParameter[]): Promise<Weights> {
  return new Map(await Promise.all(wanted.map(async ({ name, layout }) => [name, await download(store.get(name), layout)] as const)));
}

/** The caller disposes the result, or lets a store own it. */
export function upload({ shape, data }: TensorData, layout?: Layout): tf.Tensor {
  const stored = tf.tensor(data, [...shape], 'float32');
  if (!layout) return stored;
  const turned = tf.transpose(stored, [...layout]);
  stored.dispose();
  return turned;
}

export async function download(tensor: tf.Tensor, layout?: Layout): Promise<TensorData> {
  const turned = layout ? tf.transpose(tensor, layout.map((_, axis) => layout.indexOf(axis))) : tensor;
  // A copy: some backends hand out the very memory that the tensor lives in.
  const data = (await turned.data<'float32'>()).slice();
  const shape = turned.shape;
  if (layout) turned.dispose();
  return { shape, data };
}

/** What of `weights` does not fit: missing tensors and wrong shapes are errors, tensors that no node has a use for a warning. */
export function fitOf(network: Network, wanted: readonly Parameter[], weights: Weights): { errors: Diagnostic[]; warnings: Diagnostic[] } {
  const missing = wanted.filter(({ name }) => !weights.has(name)).map(({ name }) => name);
  const misshapen = wanted.flatMap(({ name, shape }) => {
    const found = weights.get(name)?.shape;
    return found && String(found) !== String(shape) ? [`${name} is [${found.join(', ')}], not [${shape.join(', ')}]`] : [];
  });
  const known = new Set(parametersOf(network).map(({ name }) => name));
  const extra = [...weights.keys()].filter((name) => !known.has(name) && !name.endsWith('.num_batches_tracked'));
  return {
    errors: [
      ...problem('error', `weights for ${network.name} lack`, missing),
      ...problem('error', `weights for ${network.name} have wrong shapes:`, misshapen),
    ],
    warnings: problem('warning', `weights for ${network.name} hold tensors that it has no use for:`, extra),
  };
}

function problem(severity: 'error' | 'warning', what: string, names: readonly string[]): Diagnostic[] {
  if (names.length === 0) return [];
  const fix = 'the weights belong to another network: use the file that belongs to this backbone';
  return [{ code: 'bad-weights', severity, message: `${what} ${listed(names)}`, ...(severity === 'error' && { fix }) }];
}

/** A wrong file may differ in hundreds of tensors. */
const listed = (names: readonly string[]): string =>
  names.slice(0, 12).join(', ') + (names.length > 12 ? ` and ${names.length - 12} more` : '');
