import type { Network } from './op.ts';
import type { SameName } from './weightNames.ts';

/** A kind of network by the name that its library gives it, and what that kind wants to be fed; weights apart. */
export interface Architecture {
  /** timm's: `tf_efficientnet_lite0`. */
  readonly name: string;
  readonly title: string;
  /** As its library feeds it by default; a set of weights may say otherwise. */
  readonly input: CardInput;
  /** Name of the classifier in weights files: `classifier` (weightNames.ts). */
  readonly sourceHead: string;
  /** What else weights files name otherwise than the network. */
  readonly sourceNames?: readonly SameName[];
  /** Tensors of weights files, by name or its dotted beginning, that nothing here is computed with: mask tokens, poolers. */
  readonly unusedNames?: readonly string[];
  /** Features before the head. */
  readonly features: number;
  /** What it was cut from, where it ends after an earlier block (earlierFeatures.ts). */
  readonly whole?: Architecture;
  /**
   * The network with a head of `classes` outputs; the head's node is always named `head`. at: the photos that it is fed
   * with; of: those that its table of positions was made for. Left out: `input`'s.
   */
  network(classes: number, at?: InputSize, of?: InputSize): Network;
}

/** Below `backbones/`: the 1000 classes of ImageNet-1k, in the order of their WordNet ids. */
export const imageNetLabels = 'efficientnet_lite0/labels.json';

/** Facts of a backbone: an architecture with weights, where they are, under which licence. */
export interface Card extends Omit<Architecture, 'name'> {
  /** As written in the experiment file. */
  readonly name: string;
  readonly modality: 'image';
  /** With the source task's own classes. */
  readonly parameters: number;
  /** Of that task. */
  readonly sourceClasses: number;
  /** Top-1 of the source task where published, 0…1. */
  readonly imagenetTop1?: number;
  readonly licence: string;
  readonly source: string;
  /** One file, or the parts that a large one was cut into. */
  readonly weights: readonly WeightsFile[];
  /** Of the source task's classes, where they come with the weights. */
  readonly labels?: readonly string[];
  /** The same in a file below `backbones/`, for many: JSON, a `synset` and a `name` for each. */
  readonly labelsFile?: string;
}

export interface WeightsFile {
  /** Path below the `backbones/` folder at the top of the package (`efficientnet_lite0/model.safetensors`), or absolute. */
  readonly file: string;
  readonly sha256: string;
  readonly sizeBytes: number;
}

/** Of all its files. */
export const weightsBytes = ({ weights }: Pick<Card, 'weights'>): number => weights.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);

/** Pixels. */
export interface InputSize {
  readonly height: number;
  readonly width: number;
}

/** Preprocessing alignment: what the weights were trained on. */
export interface CardInput extends InputSize {
  /** Short side is resized to floor(size / cropShare), then the centre is cropped. */
  readonly cropShare: number;
  readonly interpolation: 'bicubic' | 'bilinear';
  /** Of pixels scaled to 0…1, per RGB channel. */
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
}
