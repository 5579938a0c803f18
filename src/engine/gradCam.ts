/**
 * Where in an image the evidence for a class lies: Grad-CAM (Selvaraju et al. 2017, arXiv:1610.02391). Each channel of the
 * last map is weighed by the mean gradient of the class's logit, and what adds up to more than 0 is kept. As coarse as
 * that map (7 × 7 mostly). Left out: guided backpropagation; transformers, which have no last map.
 */
import * as tf from '@tensorflow/tfjs-core';
import { splitAt } from '../backbones/boundary.ts';
import type { CardInput } from '../backbones/card.ts';
import type { Network } from '../backbones/op.ts';
import { shapesOf } from '../backbones/shapes.ts';
import type { Weights } from '../backbones/tensorData.ts';
import { forward } from './forward.ts';
import type { Kernels } from './kernels.ts';
import { normalise } from './normalise.ts';
import { deviceParameters, writeParameters } from './parameters.ts';
import { TensorStore } from './tensorStore.ts';
import { valueAndGradients } from './valueAndGradients.ts';

export interface GradCamSetup {
  readonly network: Network;
  readonly weights: Weights;
  readonly input: Pick<CardInput, 'mean' | 'std'>;
  readonly kernels: Kernels;
}

/** Float32 [height, width], 0 and more, in the unit of the logit. */
export interface ClassMap {
  readonly height: number;
  readonly width: number;
  readonly values: Float32Array;
}

/** The last node whose output has a height and a width; undefined where there is none before tokens take over. */
export function lastMap(network: Network): string | undefined {
  const shapes = shapesOf(network), last = network.nodes.findLast(({ name }) => shapes.get(name)!.length === 3 && shapes.get(name)![0]! > 1);
  return network.nodes.some(({ op }) => op.op === 'tokens') ? undefined : last?.name;
}

/** image: uint8 [height, width, 3] of the network's input; at: a node with a map; label: the class to be explained. */
export async function gradCam({ network, weights, input, kernels }: GradCamSetup, image: Uint8Array, at: string, label: number): Promise<ClassMap> {
  const { prefix, suffix } = splitAt(network, at), [height, width] = suffix.input as [number, number, number];
  const parameters = new TensorStore(), pass = { kernels, parameters, batchStatistics: new Set<string>() };
  writeParameters(parameters, deviceParameters(network), weights);
  const map = tf.tidy(() => {
    const features = forward(prefix, tf.tensor(normalise(image, input), [1, ...network.input]), pass);
    const { gradients: [gradient] } = valueAndGradients(() => tf.sum(tf.slice(forward(suffix, features, pass) as tf.Tensor2D, [0, label], [1, 1])), [features]);
    return tf.relu(tf.sum(tf.mul(tf.mean(gradient!, [1, 2], true), features), -1));
  });
  const values = (await map.data<'float32'>()).slice();
  map.dispose();
  parameters.dispose();
  return { height, width, values };
}
