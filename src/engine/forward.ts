/**
 * Runs a network on tensors: one rule per op. What a gradient needs goes through `Kernels`, where each
 * engine has its fastest way; the rest is plain tfjs. Maps are [batch, height, width, channels], tokens [batch, tokens, width].
 * Parity: test/parity/engine/network.test.ts.
 */
import * as tf from '@tensorflow/tfjs-core';
import { averagingMatrix } from '../backbones/adaptivePool.ts';
import { read, type GridResize, type Network, type Node, type Op, type Reader, type Window } from '../backbones/op.ts';
import { padsAround } from '../backbones/padding.ts';
import { parameterName } from '../backbones/parameters.ts';
import { axisWeights } from '../backbones/resizeGrid.ts';
import { sizeOf } from '../backbones/shapes.ts';
import type { Kernels, Rectifier } from './kernels.ts';
import { added, biased, padded, reshaped, sideBySide, spatialMean } from './kernels/frugal.ts';
import type { TensorStore } from './tensorStore.ts';

export interface Pass {
  readonly kernels: Kernels;
  readonly parameters: TensorStore;
  /** Batch norms that normalise by the batch's own statistics and move the stored ones; all others use the stored ones. By node name. */
  readonly batchStatistics: ReadonlySet<string>;
  /** Node → what its first input is multiplied by: dropout and stochastic depth, while training. */
  readonly factors?: ReadonlyMap<string, tf.Tensor>;
  /** Outputs of these nodes are put down here, and then are the caller's. */
  readonly taps?: { readonly names: ReadonlySet<string>; readonly outputs: Map<string, tf.Tensor> };
  /** The same once more, for the gradients (segmentedGradients.ts): stored statistics have moved already. */
  readonly again?: boolean;
}

/**
 * x: float32 [batch, ...network.input]; stays the caller's. Returns the last node's output, which the caller disposes,
 * or `x` itself where there are no nodes. Each value in between is freed once nothing needs it any more.
 */
export function forward(network: Network, x: tf.Tensor, pass: Pass): tf.Tensor {
  const values = new Map([['input', x]]), lastUse = lastUses(network);
  let output = x;
  const { factors, taps } = pass, tap = (name: string, value: tf.Tensor): void => { if (taps?.names.has(name)) taps.outputs.set(name, value); };
  tap('input', x);
  const activations = pass.kernels.batchNormActivated ? activationsBehindNorms(network) : new Map<string, Node>();
  for (const { name, op, inputs } of network.nodes) {
    const known = values.get(name);
    if (known) { // came with its batch norm
      output = known;
      continue;
    }
    const [first, ...others] = inputs.map((input) => values.get(input)!) as [tf.Tensor, ...tf.Tensor[]], activation = activations.get(name), factor = factors?.get(name);
    output = tf.tidy(() => read(rules, op, { node: name, inputs: [factor ? tf.mul(first, factor) : first, ...others], pass, ...(activation && { activation: activation.op.op as Rectifier }) }));
    values.set(activation?.name ?? name, output);
    tap(activation?.name ?? name, output);
    for (const input of inputs) {
      if (lastUse.get(input) !== name) continue;
      if (input !== 'input' && !taps?.names.has(input)) values.get(input)?.dispose();
      values.delete(input);
    }
  }
  return output;
}

/** Batch norms whose only reader is a rectifier → that one. */
function activationsBehindNorms({ nodes }: Network): ReadonlyMap<string, Node> {
  const norms = new Set(nodes.filter(({ op }) => op.op === 'batchNorm').map(({ name }) => name)), behind = new Map<string, Node>();
  const readers = nodes.flatMap((node) => node.inputs.filter((input) => norms.has(input)).map((input) => [input, node] as const));
  for (const [norm, reader] of readers) if (reader.op.op === 'relu' || reader.op.op === 'relu6') behind.set(norm, reader);
  for (const norm of norms) if (readers.filter(([input]) => input === norm).length > 1) behind.delete(norm);
  return behind;
}

/** Node → the last one that reads it. */
const lastUses = ({ nodes }: Network): ReadonlyMap<string, string> =>
  new Map(nodes.flatMap(({ name, inputs }) => inputs.map((input) => [input, name] as const)));

interface Call {
  readonly node: string;
  readonly inputs: readonly tf.Tensor[];
  readonly pass: Pass;
  /** Of a batch norm: what comes right behind it and is computed with it. */
  readonly activation?: Rectifier;
}

const rules: Reader<[call: Call], tf.Tensor> = {
  conv: (op, call) => {
    const { x, pad } = paddedFor(call, op, 0);
    const convolve = (part: tf.Tensor4D, filter: tf.Tensor4D): tf.Tensor4D => call.pass.kernels.conv2d(part, filter, op.stride, pad);
    return withBias(grouped(x, parameter(call, 'weight') as tf.Tensor4D, op.groups, convolve), op.bias, call);
  },
  depthwiseConv: (op, call) => {
    const { x, pad } = paddedFor(call, op, 0);
    return withBias(call.pass.kernels.depthwiseConv2d(x, parameter(call, 'weight') as tf.Tensor4D, op.stride, pad), op.bias, call);
  },
  batchNorm,
  relu: (_, { inputs: [x], pass }) => pass.kernels.relu(x!),
  relu6: (_, { inputs: [x], pass }) => pass.kernels.relu6(x!),
  activation: ({ kind }, { inputs: [x], pass }) => pass.kernels.activation(x!, kind),
  add: (_, { inputs: [a, b] }) => added(a!, b!),
  multiply: (_, { inputs: [a, b] }) => tf.mul(a!, b!),
  concat: (_, { inputs }) => sideBySide(inputs),
  padChannels: ({ before, after }, { inputs: [x] }) => padded(x!, [...x!.shape.slice(1).map(() => [0, 0]), [before, after]], 0),
  maxPool: (op, call) => {
    const { x, pad } = paddedFor(call, op, -Infinity);
    return tf.maxPool(x, op.kernel as number | [number, number], op.stride, pad);
  },
  averagePool: (op, call) => {
    const { x, pad } = paddedFor(call, op, 0, false); // `same` leaves its zeros out of the mean
    return tf.avgPool(x, op.kernel as number | [number, number], op.stride, pad);
  },
  adaptiveAveragePool: ({ height, width }, { inputs: [x] }) =>
    height === 1 && width === 1 ? spatialMean(x!) : averagedAlong(averagedAlong(x as tf.Tensor4D, 1, height), 2, width),
  globalAveragePool: (_, { inputs: [x] }) => reshaped(spatialMean(x!), [x!.shape[0], x!.shape[3]!]),
  flatten: (_, { inputs: [x] }) => {
    const [batch, height, width, channels] = x!.shape as tf.Tensor4D['shape'];
    return reshaped(height * width === 1 ? x! : tf.transpose(x!, [0, 3, 1, 2]), [batch, height * width * channels]);
  },
  linear({ units, bias }, call) {
    const x = call.inputs[0]!, leading = x.shape.slice(0, -1);
    const multiplied = (rows: tf.Tensor): tf.Tensor => call.pass.kernels.linear(rows as tf.Tensor2D, parameter(call, 'weight') as tf.Tensor2D, bias ? parameter(call, 'bias') as tf.Tensor1D : undefined);
    return leading.length === 1 ? multiplied(x) : reshaped(multiplied(reshaped(x, [sizeOf(leading), x.shape.at(-1)!])), [...leading, units]);
  },
  layerNorm: ({ epsilon }, call) => call.pass.kernels.layerNorm(call.inputs[0]!, parameter(call, 'weight'), parameter(call, 'bias'), epsilon),
  scale: (_, call) => tf.mul(call.inputs[0]!, parameter(call, 'gamma')),
  tokens: (_, { inputs: [x] }) => {
    const [batch, height, width, channels] = x!.shape as tf.Tensor4D['shape'];
    return reshaped(x!, [batch, height * width, channels]);
  },
  prepend({ count }, call) {
    const x = call.inputs[0]!, [batch, , width] = x.shape as [number, number, number];
    return tf.concat([tf.add(tf.zeros([batch, count, width]), parameter(call, '')), x], 1);
  },
  addTable({ grid }, call) {
    const table = parameter(call, '') as tf.Tensor3D;
    return tf.add(call.inputs[0]!, grid ? resized(table, grid) : table);
  },
  attention({ heads, fused }, { inputs, pass }) {
    const [q, k, v] = (fused ? tf.split(inputs[0]!, 3, -1) : inputs) as [tf.Tensor3D, tf.Tensor3D, tf.Tensor3D];
    return pass.kernels.attention(q, k, v, heads);
  },
  takeToken: ({ at }, { inputs: [x] }) => tf.squeeze(tf.slice(x!, [0, at, 0], [-1, 1, -1]), [1]),
  meanTokens: ({ skip }, { inputs: [x] }) => tf.mean(tf.slice(x!, [0, skip, 0]), 1),
};

const parameter = ({ node, pass }: Call, part: string): tf.Tensor => pass.parameters.get(parameterName(node, part));

const withBias = (y: tf.Tensor, bias: boolean, call: Call): tf.Tensor => bias ? biased(y, parameter(call, 'bias')) : y;

/**
 * Numeric padding that `same` would give too is left to the kernel, as at stride 1; any other is put on first, for
 * TensorFlow's own kernels know only `same` and `valid`.
 */
function paddedFor({ inputs: [x] }: Call, window: Window, value: number, same = true): { x: tf.Tensor4D; pad: 'same' | 'valid' } {
  const map = x as tf.Tensor4D, [, height, width] = map.shape, size = [height, width] as const;
  const pads = padsAround(size, window);
  if (pads.flat().every((count) => count === 0)) return { x: map, pad: 'valid' };
  if (same && String(pads) === String(padsAround(size, { ...window, padding: 'same' }))) return { x: map, pad: 'same' };
  return { x: padded(map, [[0, 0], [...pads[0]], [...pads[1]], [0, 0]], value), pad: 'valid' };
}

/** A map's axis averaged to `parts` values: as a matrix product, whose gradient every engine has. */
function averagedAlong(x: tf.Tensor4D, axis: 1 | 2, parts: number): tf.Tensor4D {
  const size = x.shape[axis], turned = axis === 1 ? [0, 2, 3, 1] : [0, 1, 3, 2], back = axis === 1 ? [0, 3, 1, 2] : [0, 1, 3, 2];
  const rows = tf.transpose(x, turned), matrix = tf.tensor2d(averagingMatrix(size, parts), [size, parts]);
  const averaged = tf.matMul(tf.reshape(rows, [-1, size]), matrix);
  return tf.transpose(tf.reshape<tf.Rank.R4>(averaged, [...rows.shape.slice(0, 3), parts] as [number, number, number, number]), back);
}

/** tfjs has no grouped convolution: one per group, side by side. Filters: [height, width, in / groups, out]. */
function grouped(x: tf.Tensor4D, filter: tf.Tensor4D, groups: number, convolve: (x: tf.Tensor4D, filter: tf.Tensor4D) => tf.Tensor4D): tf.Tensor4D {
  if (groups === 1) return convolve(x, filter);
  const filters = tf.split<tf.Tensor4D>(filter, groups, 3);
  return tf.concat(tf.split<tf.Tensor4D>(x, groups, 3).map((part, i) => convolve(part, filters[i]!)), 3);
}

/** resizedTable (backbones/resizeGrid.ts), on the tape: the table trains at the size that its file has. */
function resized(table: tf.Tensor3D, { from: [height, width], to: [newHeight, newWidth], antialias }: GridResize): tf.Tensor3D {
  const [, rows, channels] = table.shape, kept = rows - height * width;
  const along = (from: number, to: number, x: tf.Tensor): tf.Tensor => tf.matMul(tf.tensor2d(axisWeights(from, to, antialias), [to, from]), tf.reshape(x, [from, -1]));
  const turned = (x: tf.Tensor, rows: number, columns: number): tf.Tensor => tf.transpose(tf.reshape(x, [rows, columns, channels]), [1, 0, 2]);
  const down = along(height, newHeight, tf.slice(table, [0, kept, 0]));
  const across = along(width, newWidth, turned(down, newHeight, width));
  const grid = tf.reshape<tf.Rank.R3>(turned(across, newWidth, newHeight), [1, newHeight * newWidth, channels]);
  return kept === 0 ? grid : tf.concat([tf.slice(table, [0, 0, 0], [1, kept, channels]), grid], 1);
}

function batchNorm({ epsilon, momentum }: Op<'batchNorm'>, call: Call): tf.Tensor {
  const { node, inputs: [x], pass: { kernels, batchStatistics }, activation } = call;
  const scale = parameter(call, 'weight'), shift = parameter(call, 'bias');
  const stored = batchStatistics.has(node) ? undefined : { mean: parameter(call, 'running_mean'), variance: parameter(call, 'running_var') };
  if (stored && !activation) return kernels.batchNorm(x!, scale, shift, stored, epsilon);
  const { y, mean, variance } = activation
    ? kernels.batchNormActivated!(x!, scale, shift, stored, epsilon, activation)
    : kernels.batchNormTrain(x!, scale, shift, epsilon);
  if (!stored && !call.pass.again) {
    const count = x!.size / x!.shape.at(-1)!;
    moveBuffer(call, 'running_mean', mean, momentum);
    moveBuffer(call, 'running_var', tf.mul(variance, count / Math.max(1, count - 1)), momentum); // stored unbiased, as torch does
  }
  return y;
}

function moveBuffer(call: Call, part: string, towards: tf.Tensor, momentum: number): void {
  const old = parameter(call, part);
  call.pass.parameters.set(`${call.node}.${part}`, tf.add(old, tf.mul(tf.sub(towards, old), momentum)));
}
