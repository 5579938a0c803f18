/** Each model golden's network, built from the arguments of its constructor in case.json. */
import { efficientNetLite, type Stage } from '../../src/backbones/efficientnetLite.ts';
import type { Network } from '../../src/backbones/op.ts';
import type { GoldenFamily } from './goldenNetwork.ts';
import type { GoldenCase } from './goldens.ts';

export const goldenFamilies: Readonly<Record<string, GoldenFamily>> = {
  'img.efficientnet_lite0': { head: 'classifier', network: lite },
  'img.tf_efficientnet_lite0': { head: 'classifier', network: lite },
};

/** Of timm's EfficientNet. */
interface EfficientNetArguments {
  readonly stem_size: number;
  readonly num_features: number;
  readonly num_classes: number;
  readonly pad_type: string;
  readonly block_args: { readonly args: readonly (readonly (readonly string[])[])[] };
  readonly norm_layer: { readonly kwargs?: { readonly eps: number } };
}

function lite(golden: GoldenCase): Network {
  const kwargs = argumentsOf<EfficientNetArguments>(golden);
  return efficientNetLite({
    name: golden.name, input: inputOf(golden), stem: kwargs.stem_size, features: kwargs.num_features, classes: kwargs.num_classes,
    stages: kwargs.block_args.args[0]!.map(([text]) => stageOf(text!)),
    padding: kwargs.pad_type === 'same' ? 'same' : 'symmetric',
    epsilon: kwargs.norm_layer.kwargs?.eps ?? 1e-5, // torch's default
  });
}

/** `ir_r2_k3_s2_e6_c8`: see Stage. */
function stageOf(text: string): Stage {
  const [repeats, kernel, stride, expansion, channels] = /_r(\d+)_k(\d+)_s(\d+)_e(\d+)_c(\d+)$/.exec(text)!.slice(1).map(Number) as [number, number, number, number, number];
  return { repeats, kernel, stride, expansion, channels };
}

// One cast for all: what a constructor takes stands beside its reader.
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters
const argumentsOf = <T>(golden: GoldenCase): T => golden.facts.constructor.kwargs as T;

/** [height, width, channels] of the case's images. */
function inputOf(golden: GoldenCase): [number, number, number] {
  const [, channels, height, width] = golden.tensor('in/x').shape as [number, number, number, number];
  return [height, width, channels];
}
