/**
 * Batch norm with the rectifier behind it. On processors by native/kernels.cc, in two passes over memory each way (one by
 * stored statistics); TensorFlow's FusedBatchNormV3 and Relu6 and their gradients took 27 ms of one core's 111 per image
 * of EfficientNet-Lite0, these take 16. On GPUs by TensorFlow's own ops, which took two thirds of the time of tfjs's
 * composed gradients (moments, tiles).
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Kernels, Normalised, Rectifier, Statistics } from '../kernels.ts';
import { ownOp } from './ownOp.ts';
import { backendName, tensorflowOp, type OpAttributes } from './tensorflowOp.ts';

export const batchNormOnProcessor: Pick<Kernels, 'batchNorm' | 'batchNormTrain' | 'batchNormActivated'> = {
  batchNorm: (x, scale, shift, statistics, epsilon) => normalised(x, scale, shift, statistics, epsilon, 'none').y,
  batchNormTrain: (x, scale, shift, epsilon) => normalised(x, scale, shift, undefined, epsilon, 'none'),
  batchNormActivated: normalised,
};

interface How { readonly [name: string]: number | boolean; readonly epsilon: number; readonly training: boolean; readonly activation: number }

const normalise = ownOp<How>({
  name: 'ThawBatchNorm', backendName,
  forward: ({ x, scale, shift, mean, variance }, how) => tensorflowOp('ThawBatchNorm', [x!, scale!, shift!, mean!, variance!], 3, attributesOf(how)),
  keepInputs: ['x', 'scale', 'shift'],
  keepOutputs: [false, true, true],
  backward([dy], kept, how) {
    const [dx, dScale, dShift] = tensorflowOp('ThawBatchNormGrad', [dy!, ...kept], 3, attributesOf(how));
    return { x: () => dx!, scale: () => dScale!, shift: () => dShift! };
  },
});

const attributesOf = ({ epsilon, training, activation }: How): OpAttributes => ({ floats: { epsilon }, flags: { training }, integers: { activation } });

const activations: Readonly<Record<Rectifier | 'none', number>> = { none: 0, relu: 1, relu6: 2 };

/** Without `statistics` by those of x itself. */
function normalised(x: tf.Tensor, scale: tf.Tensor, shift: tf.Tensor, statistics: Statistics | undefined, epsilon: number, activation: Rectifier | 'none'): Normalised {
  const unread = tf.tensor1d([]), { mean, variance } = statistics ?? { mean: unread, variance: unread };
  const [y, usedMean, usedVariance] = normalise({ x, scale, shift, mean, variance }, { epsilon, training: !statistics, activation: activations[activation] });
  return { y: y!, mean: usedMean!, variance: usedVariance! };
}

export const batchNormOnGpu: Pick<Kernels, 'batchNorm' | 'batchNormTrain'> = {
  batchNorm: (x, scale, shift, { mean, variance }, epsilon) => fused({ x, scale, shift, mean, variance }, { epsilon, training: false })[0]!,
  batchNormTrain(x, scale, shift, epsilon) {
    const unread = tf.tensor1d([]), count = x.size / scale.size;
    const [y, mean, unbiased] = fused({ x, scale, shift, mean: unread, variance: unread }, { epsilon, training: true });
    return { y: y!, mean: mean!, variance: tf.mul(unbiased!, (count - 1) / count) };
  },
};

type FusedHow = Pick<How, 'epsilon' | 'training'> & Record<string, number | boolean>;

const fused = ownOp<FusedHow>({
  name: 'ThawFusedBatchNorm', backendName,
  forward: ({ x, scale, shift, mean, variance }, how) => tensorflowOp('FusedBatchNormV3', [x!, scale!, shift!, mean!, variance!], 6, fusedAttributes(how)),
  keepInputs: ['x', 'scale', 'mean', 'variance'],
  keepOutputs: [false, false, false, true, true, true],
  backward([dy], [x, scale, mean, variance, ...reserved], how) {
    const statistics = how.training ? reserved : [mean!, variance!, reserved[2]!];
    const [dx, dScale, dShift] = tensorflowOp('FusedBatchNormGradV3', [dy!, x!, scale!, ...statistics], 5, fusedAttributes(how));
    return { x: () => dx!, scale: () => dScale!, shift: () => dShift! };
  },
});

const fusedAttributes = ({ epsilon, training }: FusedHow): OpAttributes =>
  ({ types: ['T', 'U'], floats: { epsilon }, texts: { data_format: 'NHWC' }, flags: { is_training: training } });
