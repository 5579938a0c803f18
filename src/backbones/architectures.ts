import type { Architecture } from './card.ts';
import { efficientNetLite } from './efficientnetLite.ts';

/** Every kind of network that can be built, by its library's name: what weights from elsewhere are matched with. */
const architectures: readonly Architecture[] = [
  {
    name: 'tf_efficientnet_lite0',
    title: 'EfficientNet-Lite0',
    // With ImageNet's mean and std, or symmetric padding, top-1 falls by 5 to 15 points.
    input: { height: 224, width: 224, cropShare: 0.875, interpolation: 'bicubic', mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] },
    sourceHead: 'classifier',
    features: 1280,
    network: (classes) => efficientNetLite({
      name: 'efficientnet_lite0', input: [224, 224, 3], stem: 32, features: 1280, classes, padding: 'same', epsilon: 1e-3,
      stages: [
        { repeats: 1, kernel: 3, stride: 1, expansion: 1, channels: 16 },
        { repeats: 2, kernel: 3, stride: 2, expansion: 6, channels: 24 },
        { repeats: 2, kernel: 5, stride: 2, expansion: 6, channels: 40 },
        { repeats: 3, kernel: 3, stride: 2, expansion: 6, channels: 80 },
        { repeats: 3, kernel: 5, stride: 1, expansion: 6, channels: 112 },
        { repeats: 4, kernel: 5, stride: 2, expansion: 6, channels: 192 },
        { repeats: 1, kernel: 3, stride: 1, expansion: 6, channels: 320 },
      ],
    }),
  },
];

export const architectureNames: readonly string[] = architectures.map(({ name }) => name);

export const architectureOf = (name: string): Architecture | undefined => architectures.find((architecture) => architecture.name === name);
