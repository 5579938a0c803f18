/**
 * Ops whose gradients need no values, only shapes. tfjs keeps the inputs of each of them until the gradient is through:
 * 450 of ResNet-50's 1,900 MiB of activations at batch 16, 830 of ViT-S/16's 1,800. These keep nothing.
 */
import * as tf from '@tensorflow/tfjs-core';
import { channelSums } from './channelSums.ts';
import { ownOp } from './ownOp.ts';

const sum = ownOp({
  name: 'ThawSum',
  forward: ({ a, b }) => [tf.add(a!, b!)],
  backward: ([dy]) => ({ a: () => dy!, b: () => dy! }),
});

/** Of one shape. */
export const added = (a: tf.Tensor, b: tf.Tensor): tf.Tensor => sum({ a, b }, {})[0]!;

const bias = ownOp({
  name: 'ThawBias',
  forward: ({ x, bias }) => [tf.add(x!, bias!)],
  backward: ([dy]) => ({ x: () => dy!, bias: () => channelSums(dy!) }),
});

/** x: [..., channels]; values: [channels]. */
export const biased = <T extends tf.Tensor>(x: T, values: tf.Tensor): T => bias({ x, bias: values }, {})[0] as T;

const shape = ownOp<{ readonly from: number[]; readonly to: number[] }>({
  name: 'ThawShape',
  forward: ({ x }, { to }) => [tf.reshape(x!, to)],
  backward: ([dy], _, { from }) => ({ x: () => tf.reshape(dy!, from) }),
});

export const reshaped = <T extends tf.Tensor>(x: tf.Tensor, to: T['shape']): T => shape({ x }, { from: x.shape, to })[0] as T;

const pad = ownOp<{ readonly pads: number[][]; readonly value: number; readonly from: number[] }>({
  name: 'ThawPad',
  forward: ({ x }, { pads, value }) => [tf.pad(x!, pads as [number, number][], value)],
  backward: ([dy], _, { pads, from }) => ({ x: () => tf.slice(dy!, pads.map(([before]) => before!), from) }),
});

const concat = ownOp<{ readonly widths: number[] }>({
  name: 'ThawConcat',
  forward: (inputs) => [tf.concat(Object.values(inputs), -1)],
  backward: ([dy], _, { widths }) => Object.fromEntries(widths.map((width, i) => [i, () => {
    const from = widths.slice(0, i).reduce((sum, each) => sum + each, 0), leading = dy!.shape.slice(0, -1);
    return tf.slice(dy!, [...leading.map(() => 0), from], [...leading, width]);
  }])),
});

/** Along the last axis. */
export const sideBySide = (parts: readonly tf.Tensor[]): tf.Tensor => concat(Object.fromEntries(parts.entries()), { widths: parts.map(({ shape }) => shape.at(-1)!) })[0]!;

/** pads: before and after, for each axis. */
export const padded = <T extends tf.Tensor>(x: T, pads: number[][], value: number): T => pad({ x }, { pads, value, from: x.shape })[0] as T;

const mean = ownOp<{ readonly height: number; readonly width: number }>({
  name: 'ThawSpatialMean',
  forward: ({ x }) => [tf.mean(x!, [1, 2], true)],
  backward: ([dy], _, { height, width }) => ({ x: () => tf.tile(tf.div(dy!, height * width), [1, height, width, 1]) }),
});

/** [batch, height, width, channels] → [batch, 1, 1, channels]. tfjs's gradient makes ones, multiplies and divides them: three passes over the map. */
export const spatialMean = (x: tf.Tensor): tf.Tensor => mean({ x }, { height: x.shape[1]!, width: x.shape[2]! })[0]!;
