/**
 * What transformers add, by native/kernels.cc: layer norm and GELU in one pass each way, attention in one op, for which no
 * tensor is transposed. Composed (kernels/layerNorm.ts, activations.ts, attention.ts) they take, both ways at the sizes of ViT-S/16,
 * 2.2, 2.0 and 1.9 times as long (`npm run bench -- kernels`).
 */
import type * as tf from '@tensorflow/tfjs-core';
import { ownOp } from './ownOp.ts';
import { backendName, tensorflowOp } from './tensorflowOp.ts';

const normalise = ownOp<{ readonly epsilon: number }>({
  name: 'ThawLayerNorm', backendName,
  forward: ({ x, scale, shift }, { epsilon }) => tensorflowOp('ThawLayerNorm', [x!, scale!, shift!], 1, { floats: { epsilon } }),
  keepInputs: ['x', 'scale'],
  backward([dy], [x, scale], { epsilon }) {
    const [dx, dScale, dShift] = tensorflowOp('ThawLayerNormGrad', [dy!, x!, scale!], 3, { floats: { epsilon } });
    return { x: () => dx!, scale: () => dScale!, shift: () => dShift! };
  },
});

export const layerNorm = (x: tf.Tensor, scale: tf.Tensor, shift: tf.Tensor, epsilon: number): tf.Tensor => normalise({ x, scale, shift }, { epsilon })[0]!;

const attend = ownOp<{ readonly heads: number }>({
  name: 'ThawAttention', backendName,
  forward: ({ q, k, v }, { heads }) => tensorflowOp('ThawAttention', [q!, k!, v!], 1, { integers: { heads } }),
  keepInputs: ['q', 'k', 'v'],
  keepOutputs: [true],
  backward([dy], kept, { heads }) {
    const [dq, dk, dv] = tensorflowOp('ThawAttentionGrad', [dy!, ...kept], 3, { integers: { heads } });
    return { q: () => dq!, k: () => dk!, v: () => dv! };
  },
});

export const attention = (q: tf.Tensor3D, k: tf.Tensor3D, v: tf.Tensor3D, heads: number): tf.Tensor3D => attend({ q, k, v }, { heads })[0] as tf.Tensor3D;

const geluOp = ownOp({
  name: 'ThawGelu', backendName,
  forward: ({ x }) => tensorflowOp('ThawGelu', [x!], 1),
  keepInputs: ['x'],
  backward: ([dy], [x]) => ({ x: () => tensorflowOp('ThawGeluGrad', [dy!, x!], 1)[0]! }),
});

/** x Φ(x), by the error function. */
export const gelu = (x: tf.Tensor): tf.Tensor => geluOp({ x }, {})[0]!;
