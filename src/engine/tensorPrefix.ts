/** The frozen part of a network on the engine that trains: what is left where ONNX Runtime cannot be loaded. Slower (design facts: 3 to 15 ×), otherwise the same. */
import * as tf from '@tensorflow/tfjs-core';
import type { CardInput } from '../backbones/card.ts';
import type { Network } from '../backbones/op.ts';
import type { Weights } from '../backbones/tensorData.ts';
import { forward } from './forward.ts';
import type { Kernels } from './kernels.ts';
import { normalise } from './normalise.ts';
import type { Prefix } from './onnxPrefix.ts';
import { deviceParameters, writeParameters } from './parameters.ts';
import { TensorStore } from './tensorStore.ts';

/** `network`: the prefix, batch norms folded. Takes uint8 pixels. */
export function tensorPrefix(network: Network, weights: Weights, input: Pick<CardInput, 'mean' | 'std'>, kernels: Kernels): Prefix {
  const parameters = new TensorStore();
  writeParameters(parameters, deviceParameters(network), weights);
  return {
    title: 'the engine that trains',
    lanes: 1,
    async run(images, count) {
      const values = images instanceof Uint8Array ? normalise(images, input) : images;
      const features = tf.tidy(() => forward(network, tf.tensor(values, [count, ...network.input]), { kernels, parameters, batchStatistics: new Set() }));
      const data = (await features.data<'float32'>()).slice();
      features.dispose();
      return data;
    },
    dispose: () => parameters.dispose(),
  };
}
