/**
 * Convolutions on TensorFlow, which runs them on oneDNN where it can (trainer/native/loadBinding.ts), at 90–110 GFLOP/s
 * a core. Gradients of 1 × 1 are matrix products: up to 1.6 × as fast as its own, those of filters on large maps up to 1.9 × as tfjs's product.
 */
import * as tf from '@tensorflow/tfjs-core';
import { padsOf } from '../../backbones/padding.ts';
import { ownOp } from './ownOp.ts';
import { backendName, product, tensorflowOp } from './tensorflowOp.ts';

interface ConvAttributes { readonly [name: string]: number | string; readonly stride: number; readonly padding: 'same' | 'valid' }

/** Inputs: x, filter. */
export const convolve = ownOp<ConvAttributes>({
  name: 'ThawConv2d', backendName,
  forward: ({ x, filter }, { stride, padding }) => [tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, stride, padding)],
  keepInputs: ['x', 'filter'],
  backward([dy], [x, filter], { stride, padding }) {
    const [height, width, inputs, outputs] = filter!.shape;
    if (height === 1 && width === 1 && stride === 1) {
      const rows = tf.reshape(dy!, [-1, outputs!]);
      return {
        x: () => tf.reshape(product(rows, tf.reshape(filter!, [inputs!, outputs!]), 'second'), x!.shape),
        filter: () => tf.reshape(product(tf.reshape(x!, [-1, inputs!]), rows, 'first'), filter!.shape),
      };
    }
    const how = { strides: [stride, stride], pad: padding, dataFormat: 'NHWC' };
    return {
      x: () => tf.engine().runKernel('Conv2DBackpropInput', { dy: dy!, filter: filter! }, { ...how, inputShape: x!.shape }),
      filter: () => tf.engine().runKernel('Conv2DBackpropFilter', { x: x!, dy: dy! }, { ...how, filterShape: filter!.shape }),
    };
  },
});

/** Inputs: x, filter [height, width, channels, 1]. */
export const convolveDepthwise = ownOp<ConvAttributes>({
  name: 'ThawDepthwiseConv2d', backendName,
  forward: ({ x, filter }, { stride, padding }) => [tf.depthwiseConv2d(x as tf.Tensor4D, filter as tf.Tensor4D, stride, padding)],
  keepInputs: ['x', 'filter'],
  backward([dy], [x, filter], { stride, padding }) {
    const how = { strides: [stride, stride], pad: padding, dilations: [1, 1] };
    return {
      x: () => tf.engine().runKernel('DepthwiseConv2dNativeBackpropInput', { dy: dy!, filter: filter! }, { ...how, inputShape: x!.shape }),
      filter: () => depthwiseFilterGradient(x as tf.Tensor4D, dy as tf.Tensor4D, (filter as tf.Tensor4D).shape, stride, padding),
    };
  },
});

/** TensorFlow's own took twice as long: EfficientNet-Lite0 13 ms of one core's 111 per image, native/kernels.cc 6. */
function depthwiseFilterGradient(x: tf.Tensor4D, dy: tf.Tensor4D, filterShape: tf.Tensor4D['shape'], stride: number, padding: 'same' | 'valid'): tf.Tensor {
  const [kernel, across] = filterShape, [, height, width] = x.shape;
  if (kernel !== across || !kernelsOfOurs.has(kernel)) {
    return tf.engine().runKernel('DepthwiseConv2dNativeBackpropFilter', { x, dy }, { strides: [stride, stride], pad: padding, dilations: [1, 1], filterShape });
  }
  const before = (size: number): number => padsOf(size, kernel, stride, padding === 'same' ? 'same' : 0)[0];
  return tensorflowOp('ThawDepthwiseFilterGrad', [x, dy], 1, { integers: { kernel, stride, top: before(height), left: before(width) } })[0]!;
}

/** What native/kernels.cc was compiled for. */
const kernelsOfOurs: ReadonlySet<number> = new Set([3, 5, 7]);
