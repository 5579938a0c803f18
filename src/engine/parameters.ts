/**
 * A network's parameters on the device, by their original names. Outside the engine tensors have PyTorch's layout
 * (OIHW, [out, in]), on the device TensorFlow's (HWIO, [in, out]); nothing else knows both.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Network, OpName } from '../backbones/op.ts';
import { parametersOf, type Parameter } from '../backbones/parameters.ts';
import { shapeText } from '../backbones/shapes.ts';
import type { TensorData, Weights } from '../backbones/tensorData.ts';
import { Bug } from '../base/bug.ts';
import type { TensorStore } from './tensorStore.ts';

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

/** Every parameter and buffer, in the order of the nodes. */
export function deviceParameters(network: Network): readonly DeviceParameter[] {
  const ops = new Map(network.nodes.map(({ name, op }) => [name, op.op]));
  return parametersOf(network).map((parameter) => {
    const layout = parameter.part === 'weight' ? weightLayouts[ops.get(parameter.node)!] : undefined;
    return layout ? { ...parameter, layout } : parameter;
  });
}

/**
 * Puts `wanted` on the device, in place of what has their names. `weights` may hold more. That every tensor is there
 * and of the right shape is settled before (backbones/fitWeights.ts): here a misfit is a bug.
 */
export function writeParameters(store: TensorStore, wanted: readonly DeviceParameter[], weights: Weights): void {
  for (const { name, shape, layout } of wanted) {
    const stored = weights.get(name);
    if (!stored) throw new Bug(`no weights for "${name}"`);
    if (String(stored.shape) !== String(shape)) throw new Bug(`"${name}" should be ${shapeText(shape)}, not ${shapeText(stored.shape)}`);
    store.set(name, upload(stored, layout));
  }
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
