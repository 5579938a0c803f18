/**
 * The kernels as single TensorFlow ops, forward and backward. tfjs composes these gradients of up to fifteen ops each
 * (batch norm by moments and tiles, relu6 by comparisons and casts), which took two thirds of a training step:
 * EfficientNet-Lite0 at 224 px went from 255–295 to 96–102 ms per image on two cores.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { NodeJSKernelBackend } from '@tensorflow/tfjs-node-gpu/dist/nodejs_kernel_backend.js';
import type { TFEOpAttr } from '@tensorflow/tfjs-node-gpu/dist/tfjs_binding.js';
import { portable, type Kernels } from '../kernels.ts';
import { ownOp } from './ownOp.ts';

const backendName = 'tensorflow';

export const tensorflowKernels: Kernels = {
  batchNorm: (x, scale, shift, { mean, variance }, epsilon) =>
    normalise({ x, scale, shift, mean, variance }, { epsilon, training: false })[0]!,
  batchNormTrain(x, scale, shift, epsilon) {
    const unused = tf.tensor1d([]);
    const [y, mean, unbiased] = normalise({ x, scale, shift, mean: unused, variance: unused }, { epsilon, training: true });
    const count = x.size / scale.size;
    return { y: y!, mean: mean!, variance: tf.mul(unbiased!, (count - 1) / count) };
  },
  relu: (x) => relu({ x }, {})[0]!,
  relu6: (x) => relu6({ x }, {})[0]!,
  activation: (x, kind) => portable.activation(x, kind),
  conv2d: (x, filter, stride, padding) => convolve({ x, filter }, { stride, padding })[0] as tf.Tensor4D,
  depthwiseConv2d: (...args) => portable.depthwiseConv2d(...args),
  layerNorm: (...args) => portable.layerNorm(...args),
  attention: (...args) => portable.attention(...args),
};

const relu = rectifier('Relu', 'ReluGrad');
const relu6 = rectifier('Relu6', 'Relu6Grad');

/** Both gradients can be told from the output, so the input need not be kept. */
function rectifier(op: string, gradientOp: string): ReturnType<typeof ownOp> {
  return ownOp({
    name: `Thaw${op}`, backendName,
    forward: ({ x }) => run(op, [], [x!], 1),
    keepOutputs: [true],
    backward: ([dy], [y]) => ({ x: () => run(gradientOp, [], [dy!, y!], 1)[0]! }),
  });
}

interface BatchNormAttributes { readonly [name: string]: number | boolean; readonly epsilon: number; readonly training: boolean }

const normalise = ownOp<BatchNormAttributes>({
  name: 'ThawBatchNorm', backendName,
  forward: ({ x, scale, shift, mean, variance }, how) => run('FusedBatchNormV3', batchNormAttributes(how), [x!, scale!, shift!, mean!, variance!], 6),
  keepInputs: ['x', 'scale', 'mean', 'variance'],
  keepOutputs: [false, false, false, true, true, true],
  backward([dy], [x, scale, mean, variance, ...reserved], how) {
    const statistics = how.training ? reserved : [mean!, variance!, reserved[2]!];
    const [dx, dScale, dShift] = run('FusedBatchNormGradV3', batchNormAttributes(how), [dy!, x!, scale!, ...statistics], 5);
    return { x: () => dx!, scale: () => dScale!, shift: () => dShift! };
  },
});

function batchNormAttributes({ epsilon, training }: BatchNormAttributes): TFEOpAttr[] {
  const { TF_ATTR_TYPE, TF_ATTR_FLOAT, TF_ATTR_BOOL, TF_ATTR_STRING, TF_FLOAT } = backend().binding;
  return [
    { name: 'U', type: TF_ATTR_TYPE, value: TF_FLOAT },
    { name: 'epsilon', type: TF_ATTR_FLOAT, value: epsilon },
    { name: 'data_format', type: TF_ATTR_STRING, value: 'NHWC' },
    { name: 'is_training', type: TF_ATTR_BOOL, value: training },
  ];
}

interface ConvAttributes { readonly [name: string]: number | string; readonly stride: number; readonly padding: 'same' | 'valid' }

const convolve = ownOp<ConvAttributes>({
  name: 'ThawConv2d', backendName,
  forward: ({ x, filter }, { stride, padding }) => [tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, stride, padding)],
  keepInputs: ['x', 'filter'],
  backward([dy], [x, filter], { stride, padding }) {
    const how = { strides: [stride, stride], pad: padding, dataFormat: 'NHWC' };
    const [height, width] = filter!.shape;
    // 'same' with an even filter pads unevenly, and 'valid' cuts: only these two mirror.
    const mirrors = stride === 1 && (padding === 'same' ? height % 2 === 1 && width! % 2 === 1 : height === 1 && width === 1);
    return {
      x: () => mirrors ? inputGradientAsConv(dy as tf.Tensor4D, filter as tf.Tensor4D)
        : tf.engine().runKernel('Conv2DBackpropInput', { dy: dy!, filter: filter! }, { ...how, inputShape: x!.shape }),
      filter: () => tf.engine().runKernel('Conv2DBackpropFilter', { x: x!, dy: dy! }, { ...how, filterShape: filter!.shape }),
    };
  },
});

/**
 * At stride 1 the input's gradient is a forward convolution of dy with the filter mirrored and its channels swapped.
 * TensorFlow runs that at 110–150 GFLOP/s, its own Conv2DBackpropInput at 50–110 (two cores).
 */
function inputGradientAsConv(dy: tf.Tensor4D, filter: tf.Tensor4D): tf.Tensor4D {
  const mirrored = filter.shape[0] === 1 && filter.shape[1] === 1 ? filter : tf.reverse(filter, [0, 1]);
  return tf.conv2d(dy, tf.transpose(mirrored, [0, 1, 3, 2]), 1, 'same');
}

const backend = (): NodeJSKernelBackend => tf.backend() as NodeJSKernelBackend;

/** Runs any TensorFlow op on float32 tensors; all ops here name that type `T`. */
function run(op: string, attributes: TFEOpAttr[], inputs: tf.Tensor[], outputs: number): tf.Tensor[] {
  const { TF_ATTR_TYPE, TF_FLOAT } = backend().binding;
  return backend().executeMultipleOutputs(op, [{ name: 'T', type: TF_ATTR_TYPE, value: TF_FLOAT }, ...attributes], inputs, outputs);
}
