/** Each model golden's network, built from the arguments of its constructor in case.json. */
import { alexNet } from '../../src/backbones/alexNet.ts';
import { convNext, convNextNames } from '../../src/backbones/convNext.ts';
import { denseNet } from '../../src/backbones/denseNet.ts';
import { efficientNet, mobileNetV3Squeeze } from '../../src/backbones/efficientNet.ts';
import { dinov2Names, huggingFaceDinov2, type Dinov2Config } from '../../src/backbones/huggingFaceDinov2.ts';
import { inceptionV3 } from '../../src/backbones/inceptionV3.ts';
import { NetworkBuilder } from '../../src/backbones/networkBuilder.ts';
import type { Network } from '../../src/backbones/op.ts';
import { resNet } from '../../src/backbones/resNet.ts';
import { vgg } from '../../src/backbones/vgg.ts';
import { visionTransformer } from '../../src/backbones/visionTransformer.ts';
import { renamer } from '../../src/backbones/weightNames.ts';
import type { GoldenFamily } from './goldenNetwork.ts';
import type { GoldenCase } from './goldens.ts';

export const goldenFamilies: Readonly<Record<string, GoldenFamily>> = {
  'img.alexnet': { head: 'classifier.6', network: alexNetOf },
  'img.convnext': { head: 'head.fc', network: convNextOf, ourName: renamer(convNextNames) },
  'img.densenet': { head: 'classifier', network: denseNetOf },
  'img.efficientnet_b0': { head: 'classifier', network: efficientNetOf },
  'img.efficientnet_lite0': { head: 'classifier', network: efficientNetOf },
  'img.efficientnetv2_s': { head: 'classifier', network: efficientNetOf },
  'img.inception_v3': { head: 'fc', network: inceptionOf },
  'img.lenet5': { head: 'fc3', network: leNetOf },
  'img.mobilenetv2': { head: 'classifier', network: efficientNetOf },
  'img.mobilenetv2_tv': {
    head: 'classifier.1', network: torchvisionMobileNet, ourName: torchvisionMobileNetName,
    modules: { 'features.0': 'bn1.act', 'features.2': 'blocks.1.0.bn3', 'features.7': 'blocks.5.0.bn3', 'features.8': 'bn2.act' },
  },
  'img.mobilenetv3': { head: 'classifier', network: efficientNetOf },
  'img.resnet_basic': { head: 'fc', network: (golden) => resNetOf(golden, 'basic') },
  'img.resnet_bottleneck': { head: 'fc', network: (golden) => resNetOf(golden, 'bottleneck') },
  'img.tf_efficientnet_lite0': { head: 'classifier', network: efficientNetOf },
  'img.vgg': {
    head: 'classifier.6', network: vggOf, modules: { avgpool: 'pre_logits.pool', 'classifier.0': 'pre_logits.fc1' },
    ourName: (name) => name.replace(/^classifier\.0\./, 'pre_logits.fc1.').replace(/^classifier\.3\./, 'pre_logits.fc2.'),
  },
  'img.vgg_bn': { head: 'head.fc', network: vggOf },
  'img.vit': { head: 'head', network: vit },
  'img.dinov2_down': { head: 'head', network: vit },
  'img.dinov2_reg_up': { head: 'head', network: vit },
  'img.dinov2_hf': {
    head: 'classifier', network: dinov2OfHuggingFace, ourName: renamer(dinov2Names),
    modules: { 'dinov2.embeddings': 'pos_embed', 'dinov2.encoder.layer.0': 'blocks.0.add2', 'dinov2.layernorm': 'norm' },
  },
};

/** Of timm's EfficientNet and MobileNetV3. */
interface EfficientNetArguments {
  readonly stem_size: number;
  readonly num_features: number;
  readonly num_classes: number;
  readonly pad_type: string;
  readonly act_layer: { readonly $obj: string };
  readonly block_args: { readonly args: readonly (readonly (readonly string[])[])[] };
  readonly norm_layer: { readonly kwargs?: { readonly eps: number } };
  /** MobileNet v3's only. */
  readonly se_layer?: { readonly kwargs: { readonly rd_round_fn: { readonly kwargs: { readonly divisor: number } } } };
}

const activations = { 'torch.nn.ReLU6': 'relu6', 'torch.nn.SiLU': 'silu', 'torch.nn.Hardswish': 'hardSwish' } as const;

function efficientNetOf(golden: GoldenCase): Network {
  const kwargs = argumentsOf<EfficientNetArguments>(golden);
  return efficientNet({
    name: golden.name, input: inputOf(golden), stem: kwargs.stem_size, features: kwargs.num_features, classes: kwargs.num_classes,
    stages: kwargs.block_args.args[0]!,
    padding: kwargs.pad_type === 'same' ? 'same' : 'symmetric',
    epsilon: kwargs.norm_layer.kwargs?.eps ?? 1e-5, // torch's default
    activation: activations[kwargs.act_layer.$obj as keyof typeof activations],
    ...(kwargs.se_layer && { squeeze: { ...mobileNetV3Squeeze, divisor: kwargs.se_layer.kwargs.rd_round_fn.kwargs.divisor }, poolsFirst: true }),
  });
}

/** Of torchvision's MobileNetV2: [expansion, channels, repeats, stride] of each stage, channels still to be multiplied by `width`. */
interface TorchvisionMobileNetArguments { readonly setting: readonly (readonly [number, number, number, number])[]; readonly width: number; readonly classes: number; readonly last: number }

function torchvisionMobileNet(golden: GoldenCase): Network {
  const { setting, width, classes, last } = argumentsOf<TorchvisionMobileNetArguments>(golden);
  return efficientNet({
    name: golden.name, input: inputOf(golden), stem: 32 * width, features: last, classes, padding: 'symmetric', epsilon: 1e-5, activation: 'relu6',
    stages: setting.map(([expansion, channels, repeats, stride]) => [`${expansion === 1 ? 'ds' : 'ir'}_r${repeats}_k3_s${stride}_e${expansion}_c${channels * width}`]),
  });
}

/** That case's blocks by torchvision's counting: stage and place in it. */
const torchvisionBlocks = ['0.0', '1.0', '1.1', '2.0', '3.0', '4.0', '5.0'];

function torchvisionMobileNetName(name: string): string {
  const [, index, rest] = /^features\.(\d+)\.(.+)$/.exec(name)!;
  const ends: Readonly<Record<string, readonly [conv: string, norm: string]>> = { 0: ['conv_stem', 'bn1'], 8: ['conv_head', 'bn2'] };
  const end = ends[index!];
  if (end) return rest!.replace(/^[01]/, (i) => end[Number(i)]!);
  const layers = index === '1' ? { 'conv.0.0': 'conv_dw', 'conv.0.1': 'bn1', 'conv.1': 'conv_pw', 'conv.2': 'bn2' }
    : { 'conv.0.0': 'conv_pw', 'conv.0.1': 'bn1', 'conv.1.0': 'conv_dw', 'conv.1.1': 'bn2', 'conv.2': 'conv_pwl', 'conv.3': 'bn3' };
  const [layer, part] = [rest!.slice(0, rest!.lastIndexOf('.')), rest!.slice(rest!.lastIndexOf('.'))];
  return `blocks.${torchvisionBlocks[Number(index) - 1]}.${layers[layer as keyof typeof layers]}${part}`;
}

interface ResNetArguments { readonly layers: readonly number[]; readonly channels: readonly number[]; readonly num_classes: number }

function resNetOf(golden: GoldenCase, block: 'basic' | 'bottleneck'): Network {
  const { layers, channels, num_classes: classes } = argumentsOf<ResNetArguments>(golden);
  return resNet({ name: golden.name, input: inputOf(golden), block, layers, channels, classes });
}

/** Of timm's VGG, and of torchvision's, whose two wide layers are linear ones: the same numbers. */
interface VggArguments { readonly cfg: readonly (number | 'M')[]; readonly bn: boolean; readonly hidden: number; readonly classes: number }

function vggOf(golden: GoldenCase): Network {
  const { cfg, bn, hidden, classes } = argumentsOf<VggArguments>(golden);
  return vgg({ name: golden.name, input: inputOf(golden), layers: cfg, batchNorm: bn, features: hidden, classes });
}

interface ConvNextArguments { readonly depths: readonly number[]; readonly dims: readonly number[]; readonly num_classes: number }

function convNextOf(golden: GoldenCase): Network {
  const { depths, dims: widths, num_classes: classes } = argumentsOf<ConvNextArguments>(golden);
  return convNext({ name: golden.name, input: inputOf(golden), depths, widths, classes });
}

interface DenseNetArguments { readonly growth_rate: number; readonly block_config: readonly number[]; readonly bn_size: number; readonly num_classes: number }

function denseNetOf(golden: GoldenCase): Network {
  const { growth_rate: growth, block_config: layers, bn_size: bottleneck, num_classes: classes } = argumentsOf<DenseNetArguments>(golden);
  return denseNet({ name: golden.name, input: inputOf(golden), growth, layers, bottleneck, classes });
}

/** All widths divided by `div`. */
interface ReducedArguments { readonly div: number }

function inceptionOf(golden: GoldenCase): Network {
  const { div, num_classes: classes } = argumentsOf<ReducedArguments & { readonly num_classes: number }>(golden);
  return inceptionV3({ name: golden.name, input: inputOf(golden), width: 1 / div, classes });
}

function alexNetOf(golden: GoldenCase): Network {
  const { div, hidden, classes } = argumentsOf<ReducedArguments & { readonly hidden: number; readonly classes: number }>(golden);
  return alexNet({ name: golden.name, input: inputOf(golden), channels: [64 / div, 192 / div, 384 / div, 256 / div, 256 / div], features: hidden, classes });
}

/** LeNet-5 (LeCun et al. 1998), which no library has weights of. */
function leNetOf(golden: GoldenCase): Network {
  const { num_classes: classes, padding } = argumentsOf<{ readonly num_classes: number; readonly padding: number }>(golden), builder = new NetworkBuilder();
  let x = 'input';
  for (const [i, filters] of [[1, 6], [2, 16]] as const) {
    x = builder.conv(`conv${i}`, { filters, kernel: 5, stride: 1, padding: i === 1 ? padding : 0, bias: true }, x);
    x = builder.add(`pool${i}`, { op: 'averagePool', kernel: 2, stride: 2, padding: 0 }, builder.activation(`act${i}`, 'tanh', x));
  }
  x = builder.add('flatten', { op: 'flatten' }, x);
  for (const [i, units] of [[1, 120], [2, 84]] as const) {
    x = builder.activation(`act${i + 2}`, 'tanh', builder.add(`fc${i}`, { op: 'linear', units, bias: true }, x));
  }
  builder.head(classes, x);
  return { name: golden.name, input: inputOf(golden), nodes: builder.nodes };
}

/** Of timm's VisionTransformer; what is left out has timm's defaults. */
interface VisionTransformerArguments {
  readonly img_size: number;
  readonly patch_size: number;
  readonly embed_dim: number;
  readonly depth: number;
  readonly num_heads: number;
  readonly num_classes: number;
  readonly mlp_ratio?: number;
  readonly init_values?: number;
  readonly reg_tokens?: number;
  readonly no_embed_class?: boolean;
}

function vit(golden: GoldenCase): Network {
  const kwargs = argumentsOf<VisionTransformerArguments>(golden), side = kwargs.img_size / kwargs.patch_size;
  return visionTransformer({
    name: golden.name, input: inputOf(golden), patch: kwargs.patch_size, width: kwargs.embed_dim, depth: kwargs.depth, heads: kwargs.num_heads,
    hidden: (kwargs.mlp_ratio ?? 4) * kwargs.embed_dim, classes: kwargs.num_classes, registers: kwargs.reg_tokens ?? 0,
    ...(kwargs.init_values !== undefined && { layerScale: kwargs.init_values }),
    positions: { grid: [side, side], antialias: true, ofAllTokens: !kwargs.no_embed_class }, fusedQkv: true, pooling: 'class',
  });
}

function dinov2OfHuggingFace(golden: GoldenCase): Network {
  const { num_labels: classes, ...config } = argumentsOf<Omit<Dinov2Config, 'layerscale_value'> & { readonly num_labels: number }>(golden);
  return huggingFaceDinov2({ layerscale_value: 1, ...config }, { name: golden.name, input: inputOf(golden), classes });
}

// One cast for all: what a constructor takes stands beside its reader.
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters
const argumentsOf = <T>(golden: GoldenCase): T => golden.facts.constructor.kwargs as T;

/** [height, width, channels] of the case's images. */
function inputOf(golden: GoldenCase): [number, number, number] {
  const [, channels, height, width] = golden.tensor('in/x').shape as [number, number, number, number];
  return [height, width, channels];
}
