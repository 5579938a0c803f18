/**
 * Batch-norm statistics of a network measured on given inputs, all layers in one pass. A randomly initialised network
 * has none of its own (mean 0, variance 1), and its activations fade away or blow up from block to block: features of
 * such a network are a straw man. With statistics of the target's images they are the honest control (as in Rahimi &
 * Recht's random features, with the scale set by the data).
 */
import * as tf from '@tensorflow/tfjs-core';
import type { CardInput } from '../backbones/card.ts';
import type { Network } from '../backbones/op.ts';
import type { Weights } from '../backbones/tensorData.ts';
import { forward } from './forward.ts';
import type { Kernels } from './kernels.ts';
import { normalise } from './normalise.ts';
import { deviceParameters, readParameters, writeParameters } from './parameters.ts';
import { TensorStore } from './tensorStore.ts';

/** pixels: uint8 [count, height, width, 3]. Returns `weights` with the running statistics replaced. */
export async function recalibrated(network: Network, weights: Weights, pixels: Uint8Array, input: Pick<CardInput, 'mean' | 'std'>, kernels: Kernels): Promise<Weights> {
  const measuring: Network = { ...network, nodes: network.nodes.map((node) => node.op.op === 'batchNorm' ? { ...node, op: { ...node.op, momentum: 1 } } : node) };
  const held = deviceParameters(measuring), parameters = new TensorStore();
  writeParameters(parameters, held, weights);
  const batchStatistics = new Set(measuring.nodes.filter(({ op }) => op.op === 'batchNorm').map(({ name }) => name));
  tf.tidy(() => {
    const [height, width, channels] = network.input as [number, number, number];
    const x = tf.tensor(normalise(pixels, input), [pixels.length / (height * width * channels), height, width, channels]);
    forward(measuring, x, { kernels, parameters, batchStatistics });
  });
  const measured = await readParameters(parameters, held);
  parameters.dispose();
  return measured;
}
