/**
 * What a head is made of. tfjs's matrix product is a `BatchMatMulV2` between reshapes, its bias gradient a sum: for 32 rows they
 * take twice as long, both ways, as `MatMul` and `BiasAddGrad`; for tokens, which are nearly all arithmetic, as long. Composed,
 * cross-entropy is fourteen ops of some 10 µs; as one it takes a quarter (`npm run bench -- kernels`). A head's epoch: 1.65 times as fast.
 */
import * as tf from '@tensorflow/tfjs-core';
import { ownOp } from './ownOp.ts';
import { backendName, product, tensorflowOp } from './tensorflowOp.ts';

const types = ['T'];

const linearOp = ownOp({
  name: 'ThawLinear', backendName,
  forward: ({ x, weight, bias }) => tf.tidy(() => {
    const y = product(x!, weight!);
    return [bias ? tensorflowOp('BiasAdd', [y, bias], 1, { types })[0]! : y];
  }),
  keepInputs: ['x', 'weight'],
  backward: ([dy], [x, weight]) => ({
    x: () => product(dy!, weight!, 'second'),
    weight: () => product(x!, dy!, 'first'),
    bias: () => tensorflowOp('BiasAddGrad', [dy!], 1, { types })[0]!,
  }),
});

export const linear = (x: tf.Tensor2D, weight: tf.Tensor2D, bias?: tf.Tensor1D): tf.Tensor2D =>
  linearOp(bias ? { x, weight, bias } : { x, weight }, {})[0] as tf.Tensor2D;

/** The loss, and what its gradient is for a dy of 1; by native/kernels.cc. */
const crossEntropyOp = ownOp({
  name: 'ThawCrossEntropy', backendName,
  forward: ({ logits, mass }) => tensorflowOp('ThawCrossEntropy', [logits!, mass!], 2),
  keepOutputs: [false, true],
  backward: ([dy], [gradient]) => ({ logits: () => tf.mul(gradient!, dy!) }),
});

export const crossEntropy = (logits: tf.Tensor2D, mass: tf.Tensor2D): tf.Scalar => crossEntropyOp({ logits, mass }, {})[0] as tf.Scalar;
