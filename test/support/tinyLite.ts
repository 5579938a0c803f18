import { efficientNetLite } from '../../src/backbones/efficientnetLite.ts';
import type { Network } from '../../src/backbones/op.ts';

/** An EfficientNet-Lite of a few hundred weights with every kind of block: separable, inverted, with and without a residual. */
export const tinyLite = (classes = 3): Network => efficientNetLite({
  name: 'tiny_lite', input: [16, 16, 3], stem: 4, features: 12, classes, padding: 'same', epsilon: 1e-3,
  stages: [
    { repeats: 1, kernel: 3, stride: 1, expansion: 1, channels: 4 },
    { repeats: 2, kernel: 3, stride: 2, expansion: 2, channels: 6 },
    { repeats: 1, kernel: 5, stride: 1, expansion: 2, channels: 8 },
  ],
});
