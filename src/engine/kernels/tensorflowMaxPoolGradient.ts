/**
 * Puts native/kernels.cc's gradient of max pooling in place of TensorFlow's, on processors: that takes 10 ms of one core's
 * 410 per image of ResNet-50.
 */
import * as tf from '@tensorflow/tfjs-core';
import { padsAround } from '../../backbones/padding.ts';
import { backendName, tensorflowOp } from './tensorflowOp.ts';

export function replaceMaxPoolGradient(): void {
  tf.unregisterKernel('MaxPoolGrad', backendName);
  tf.registerKernel({ kernelName: 'MaxPoolGrad', backendName, kernelFunc: ({ inputs, attrs }) => gradient(inputs as tf.NamedTensorMap, attrs as unknown as Pooling) });
}

interface Pooling {
  readonly filterSize: number | readonly [number, number];
  readonly strides: number | readonly [number, number];
  readonly pad: 'same' | 'valid';
}

function gradient({ input, output, dy }: tf.NamedTensorMap, { filterSize, strides, pad }: Pooling): tf.Tensor {
  const [, height, width] = input!.shape as [number, number, number, number];
  const [tall, wide] = pair(filterSize), [down, across] = pair(strides);
  const [[top]] = padsAround([height, width], { kernel: [tall, wide], stride: down, padding: pad === 'same' ? 'same' : 0 });
  const [, [left]] = padsAround([height, width], { kernel: [tall, wide], stride: across, padding: pad === 'same' ? 'same' : 0 });
  return tensorflowOp('ThawMaxPoolGrad', [input!, output!, dy!], 1, { integers: { tall, wide, down, across, top, left } })[0]!;
}

const pair = (value: number | readonly [number, number]): readonly [number, number] => typeof value === 'number' ? [value, value] : value;
