import { efficientNet } from '../../src/backbones/efficientNet.ts';
import type { Network } from '../../src/backbones/op.ts';

/** An EfficientNet-Lite of a few hundred weights with every kind of block: separable, inverted, with and without a residual. */
export const tinyLite = (classes = 3): Network => efficientNet({
  name: 'tiny_lite', input: [16, 16, 3], stem: 4, features: 12, classes, padding: 'same', epsilon: 1e-3, activation: 'relu6',
  stages: [['ds_r1_k3_s1_c4'], ['ir_r2_k3_s2_e2_c6'], ['ir_r1_k5_s1_e2_c8']],
});
