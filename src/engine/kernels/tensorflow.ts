/**
 * The kernels as single ops, forward and backward: TensorFlow's own, and those of native/kernels.cc where it has none or
 * a slow one. This is their table; most say in their own files what they gained. The rectifiers, here, are 2.5 times as
 * fast both ways as rectifiers.ts on the same engine (`npm run bench -- kernels`), which makes a mask and multiplies by it.
 */
import * as tf from '@tensorflow/tfjs-core';
import { portable, type Kernels } from '../kernels.ts';
import { ownOp } from './ownOp.ts';
import { batchNormOnGpu, batchNormOnProcessor } from './tensorflowBatchNorm.ts';
import { convolve, convolveDepthwise } from './tensorflowConv.ts';
import { crossEntropy, linear } from './tensorflowHead.ts';
import { backendName, tensorflowOp } from './tensorflowOp.ts';
import { attention, gelu, layerNorm } from './tensorflowTokens.ts';

/** Those of native/kernels.cc run on processors only. */
export const tensorflowKernels = (device: 'cpu' | 'gpu'): Kernels => ({ ...common, ...(device === 'cpu' ? onProcessor : onGpu) });

const common: Omit<Kernels, keyof typeof onGpu> = {
  relu: (x) => relu({ x }, {})[0]!,
  relu6: (x) => relu6({ x }, {})[0]!,
  conv2d: (x, filter, stride, padding) => convolve({ x, filter }, { stride, padding })[0] as tf.Tensor4D,
  linear,
};

const onGpu: Pick<Kernels, 'batchNorm' | 'batchNormTrain' | 'activation' | 'attention' | 'depthwiseConv2d' | 'layerNorm' | 'crossEntropy'> = {
  ...batchNormOnGpu,
  crossEntropy: (...args) => portable.crossEntropy(...args),
  activation: (x, kind) => portable.activation(x, kind),
  attention: (...args) => portable.attention(...args),
  layerNorm: (...args) => portable.layerNorm(...args),
  depthwiseConv2d: (...args) => portable.depthwiseConv2d(...args),
};

const onProcessor: Pick<Kernels, keyof typeof onGpu | 'batchNormActivated' | 'adamW'> = {
  ...batchNormOnProcessor,
  activation: (x, kind) => kind === 'geluErf' ? gelu(x) : portable.activation(x, kind),
  attention,
  layerNorm,
  crossEntropy,
  depthwiseConv2d: (x, filter, stride, padding) => convolveDepthwise({ x, filter }, { stride, padding })[0] as tf.Tensor4D,
  /** Composed it is fourteen ops, 10 ms of one core's 111 per image of EfficientNet-Lite0; this one takes 2. */
  adamW(value, gradient, { mean, square }, { meanShare, squareShare, keep, rate, epsilon }) {
    const how = tf.tensor1d([keep, rate, meanShare, squareShare, epsilon]);
    const [newValue, newMean, newSquare] = tensorflowOp('ThawAdamW', [value, gradient, mean, square, how], 3);
    return { value: newValue!, mean: newMean!, square: newSquare! };
  },
};

const relu = rectifier('Relu', 'ReluGrad');
const relu6 = rectifier('Relu6', 'Relu6Grad');

/** Both gradients can be told from the output, so the input need not be kept. */
function rectifier(op: string, gradientOp: string): ReturnType<typeof ownOp> {
  return ownOp({
    name: `Thaw${op}`, backendName,
    forward: ({ x }) => tensorflowOp(op, [x!], 1, { types: ['T'] }),
    keepOutputs: [true],
    backward: ([dy], [y]) => ({ x: () => tensorflowOp(gradientOp, [dy!, y!], 1, { types: ['T'] })[0]! }),
  });
}
