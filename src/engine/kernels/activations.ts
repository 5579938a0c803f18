/**
 * Activations composed of tfjs's ops, for engines without a way of their own. Most are x times a gate between 0 and 1:
 * one rule then gives the gradient, (x g)' = g + x g'. The gate is computed again for it: kept, it took a fifth of what a
 * step of EfficientNet-B0 holds.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Activation } from '../../backbones/op.ts';

/** √(2 / π) (x + 0.044715 x³), the argument of the tanh: these are its coefficients, twice, for (1 + tanh u) / 2 = σ(2 u). */
const linear = 2 * Math.sqrt(2 / Math.PI), cubic = linear * 0.044715;
const quick = 1.702;

export const activations: Readonly<Record<Activation, (x: tf.Tensor) => tf.Tensor>> = {
  silu: gated((x) => tf.sigmoid(x), (_, gate) => logisticSlope(gate)),
  hardSwish: gated(hardSigmoid, (x) => tf.div(tf.cast(tf.less(tf.abs(x), 3), 'float32'), 6)),
  hardSigmoid,
  sigmoid: (x) => tf.sigmoid(x),
  tanh: (x) => tf.tanh(x),
  geluErf: gated(
    (x) => tf.mul(tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1), 0.5),
    (x) => tf.mul(tf.exp(tf.mul(tf.square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI)),
  ),
  geluTanh: gated(
    (x) => tf.sigmoid(tf.mul(x, tf.add(tf.mul(tf.square(x), cubic), linear))),
    (x, gate) => tf.mul(logisticSlope(gate), tf.add(tf.mul(tf.square(x), 3 * cubic), linear)),
  ),
  geluQuick: gated((x) => tf.sigmoid(tf.mul(x, quick)), (_, gate) => tf.mul(logisticSlope(gate), quick)),
};

function hardSigmoid(x: tf.Tensor): tf.Tensor {
  return tf.div(tf.relu6(tf.add(x, 3)), 6);
}

function logisticSlope(gate: tf.Tensor): tf.Tensor {
  return tf.mul(gate, tf.sub(1, gate));
}

/** slope: the gate's derivative, of x and what the gate gave. */
function gated(gateOf: (x: tf.Tensor) => tf.Tensor, slopeOf: (x: tf.Tensor, gate: tf.Tensor) => tf.Tensor): (x: tf.Tensor) => tf.Tensor {
  return (x) => tf.customGrad((...args) => {
    const [x, save] = args as [tf.Tensor, tf.GradSaveFunc];
    save([x]);
    return {
      value: tf.mul(x, gateOf(x)),
      gradFunc(dy: tf.Tensor, [x]: tf.Tensor[]) {
        const gate = gateOf(x!);
        return tf.mul(dy, tf.add(gate, tf.mul(x!, slopeOf(x!, gate))));
      },
    };
  })(x);
}
