import { alexNet } from './alexNet.ts';
import type { Architecture, CardInput, InputSize } from './card.ts';
import { convNext, convNextNames } from './convNext.ts';
import { denseNet } from './denseNet.ts';
import { efficientNet, mobileNetV3Squeeze, nearestMultiple, scaledStages, type EfficientNet } from './efficientNet.ts';
import { inceptionV3 } from './inceptionV3.ts';
import type { Network } from './op.ts';
import { resNet, type ResNet } from './resNet.ts';
import { vgg, type Vgg } from './vgg.ts';
import { visionTransformer, type VisionTransformer } from './visionTransformer.ts';

type Norm = Pick<CardInput, 'mean' | 'std'>;

const imagenet: Norm = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
/** Of TensorFlow's weights. With ImageNet's mean and std top-1 of EfficientNet-Lite0 falls by 5 to 15 points. */
const centred: Norm = { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] };

const fed = (size: number, cropShare: number, interpolation: CardInput['interpolation'], norm: Norm = imagenet): CardInput =>
  ({ height: size, width: size, cropShare, interpolation, ...norm });

/** How the builders spell an input. */
const shapeOf = ({ height, width }: InputSize): readonly [number, number, number] => [height, width, 3];

/** What timm's weights from TensorFlow need: asymmetric padding, which also matters by points, and a larger epsilon. */
const tensorFlow = { padding: 'same', epsilon: 1e-3 } as const;
const pyTorch = { padding: 'symmetric', epsilon: 1e-5 } as const;
const originOf = (name: string): typeof tensorFlow | typeof pyTorch => name.startsWith('tf_') ? tensorFlow : pyTorch;

const efficientNetArchitecture = (name: string, title: string, input: CardInput, spec: Omit<EfficientNet, 'name' | 'input' | 'classes' | 'padding' | 'epsilon'>): Architecture => ({
  name, title, input, sourceHead: 'classifier', features: spec.features,
  network: (classes, at = input) => efficientNet({ ...spec, ...originOf(name), name, input: shapeOf(at), classes }),
});

const liteStages = [
  ['ds_r1_k3_s1_e1_c16'], ['ir_r2_k3_s2_e6_c24'], ['ir_r2_k5_s2_e6_c40'], ['ir_r3_k3_s2_e6_c80'], ['ir_r3_k5_s1_e6_c112'],
  ['ir_r4_k5_s2_e6_c192'], ['ir_r1_k3_s1_e6_c320'],
];

/** Lite keeps stem, head, and the ends' repeats at any size. */
const lite = (name: string, title: string, input: CardInput, width: number, depth: number): Architecture =>
  efficientNetArchitecture(name, title, input, { stem: 32, features: 1280, stages: scaledStages(liteStages, { width, depth, fixedEnds: true }), activation: 'relu6' });

const squeezedStages = liteStages.map(([text]) => [`${text}_se0.25`]);

const efficientNetB = (name: string, title: string, input: CardInput, width: number, depth: number): Architecture =>
  efficientNetArchitecture(name, title, input, {
    stem: nearestMultiple(32 * width, 8), features: nearestMultiple(1280 * width, 8), stages: scaledStages(squeezedStages, { width, depth }), activation: 'silu',
  });

const efficientNetV2S = (name: string, input: CardInput): Architecture => efficientNetArchitecture(name, 'EfficientNetV2-S', input, {
  stem: 24, features: 1280, activation: 'silu',
  stages: [
    ['cn_r2_k3_s1_e1_c24_skip'], ['er_r4_k3_s2_e4_c48'], ['er_r4_k3_s2_e4_c64'], ['ir_r6_k3_s2_e4_c128_se0.25'], ['ir_r9_k3_s1_e6_c160_se0.25'],
    ['ir_r15_k3_s2_e6_c256_se0.25'],
  ],
});

const mobileNetV2Stages = [
  ['ds_r1_k3_s1_c16'], ['ir_r2_k3_s2_e6_c24'], ['ir_r3_k3_s2_e6_c32'], ['ir_r4_k3_s2_e6_c64'], ['ir_r3_k3_s1_e6_c96'], ['ir_r3_k3_s2_e6_c160'],
  ['ir_r1_k3_s1_e6_c320'],
];

/** With `depth` (timm's `d`), stem, head, and the ends' repeats stay as they are. */
const mobileNetV2 = (name: string, title: string, width: number, depth?: number): Architecture =>
  efficientNetArchitecture(name, title, fed(224, 0.875, 'bicubic'), {
    stem: depth === undefined ? nearestMultiple(32 * width, 8) : 32,
    features: depth === undefined ? Math.max(1280, nearestMultiple(1280 * width, 8)) : 1280,
    stages: scaledStages(mobileNetV2Stages, { width, depth: depth ?? 1, fixedEnds: depth !== undefined }), activation: 'relu6',
  });

const mobileNetV3Stages = {
  large: [
    ['ds_r1_k3_s1_e1_c16_nre'], ['ir_r1_k3_s2_e4_c24_nre', 'ir_r1_k3_s1_e3_c24_nre'], ['ir_r3_k5_s2_e3_c40_se0.25_nre'],
    ['ir_r1_k3_s2_e6_c80', 'ir_r1_k3_s1_e2.5_c80', 'ir_r2_k3_s1_e2.3_c80'], ['ir_r2_k3_s1_e6_c112_se0.25'], ['ir_r3_k5_s2_e6_c160_se0.25'],
    ['cn_r1_k1_s1_c960'],
  ],
  small: [
    ['ds_r1_k3_s2_e1_c16_se0.25_nre'], ['ir_r1_k3_s2_e4.5_c24_nre', 'ir_r1_k3_s1_e3.67_c24_nre'],
    ['ir_r1_k5_s2_e4_c40_se0.25', 'ir_r2_k5_s1_e6_c40_se0.25'], ['ir_r2_k5_s1_e3_c48_se0.25'], ['ir_r3_k5_s2_e6_c96_se0.25'], ['cn_r1_k1_s1_c576'],
  ],
};

const mobileNetV3 = (name: string, title: string, input: CardInput, size: 'large' | 'small', width: number): Architecture =>
  efficientNetArchitecture(name, title, input, {
    stem: 16, features: size === 'large' ? 1280 : 1024, stages: scaledStages(mobileNetV3Stages[size], { width, depth: 1 }),
    activation: 'hardSwish', squeeze: mobileNetV3Squeeze, poolsFirst: true,
  });

const resNetArchitecture = (name: string, title: string, block: ResNet['block'], layers: readonly number[]): Architecture => {
  const input = fed(224, 0.95, 'bicubic');
  return {
    name, title, input, sourceHead: 'fc', features: block === 'basic' ? 512 : 2048,
    network: (classes, at = input) => resNet({ name, input: shapeOf(at), block, layers, channels: [64, 128, 256, 512], classes }),
  };
};

/** For pictures of CIFAR's size, as in "Proper ResNet Implementation for CIFAR10" (github.com/akamaster/pytorch_resnet_cifar10). */
const smallResNet = (name: string, title: string, blocks: number): Architecture => {
  const input = fed(32, 1, 'bicubic');
  return {
    name, title, input, sourceHead: 'linear', features: 64,
    network: (classes, at = input) => resNet({ name, input: shapeOf(at), block: 'basic', layers: [blocks, blocks, blocks], channels: [16, 32, 64], classes, small: true }),
  };
};

/** repeats: convolutions of each width. */
const vggArchitectures = (name: string, title: string, repeats: readonly number[]): readonly Architecture[] => [false, true].map((batchNorm) => {
  const input = fed(224, 0.875, 'bilinear'), fullName = batchNorm ? `${name}_bn` : name;
  const layers = [64, 128, 256, 512, 512].flatMap((width, i): Vgg['layers'] => [...Array<number>(repeats[i]!).fill(width), 'M']);
  return {
    name: fullName, title: batchNorm ? `${title}, batch norm` : title, input, sourceHead: 'head.fc', features: 4096,
    network: (classes: number, at: InputSize = input): Network => vgg({ name: fullName, input: shapeOf(at), layers, batchNorm, features: 4096, classes }),
  };
});

const denseNetArchitecture = (name: string, title: string, features: number, growth: number, layers: readonly number[]): Architecture => {
  const input = fed(224, 0.875, 'bicubic');
  return {
    name, title, input, sourceHead: 'classifier', features,
    network: (classes, at = input) => denseNet({ name, input: shapeOf(at), growth, layers, bottleneck: 4, classes }),
  };
};

const convNextArchitecture = (name: string, title: string, input: CardInput, depths: readonly number[], widths: readonly number[]): Architecture => ({
  name, title, input, sourceHead: 'head.fc', sourceNames: convNextNames, features: widths.at(-1)!,
  network: (classes, at = input) => convNext({ name, input: shapeOf(at), depths, widths, classes }),
});

/** patch: side in pixels. size: `tiny` … as timm calls it. patchesOnly: no other token has a position. */
const vit = (name: string, title: string, size: keyof typeof vitSizes, patch: number, input: CardInput, more: Omit<Partial<VisionTransformer>, 'positions'> & { readonly patchesOnly?: boolean } = {}): Architecture => {
  const { width, depth, heads } = vitSizes[size], { patchesOnly = false, ...rest } = more;
  return {
    name, title, input, sourceHead: 'head', features: width,
    network: (classes, at = input, of = input) => visionTransformer({
      name, input: shapeOf(at), patch, width, depth, heads, hidden: 4 * width, classes, registers: 0,
      positions: { grid: [Math.floor(of.height / patch), Math.floor(of.width / patch)], antialias: true, ofAllTokens: !patchesOnly }, fusedQkv: true, pooling: 'class', ...rest,
    }),
  };
};

const vitSizes = {
  tiny: { width: 192, depth: 12, heads: 3 },
  small: { width: 384, depth: 12, heads: 6 },
  base: { width: 768, depth: 12, heads: 12 },
  large: { width: 1024, depth: 24, heads: 16 },
} as const;

const timmVit = (size: number, cropShare = 0.9): CardInput => fed(size, cropShare, 'bicubic', centred);

/** Of one size, without registers and with four. */
const dinov2 = (size: 'small' | 'base' | 'large', title: string): readonly Architecture[] => {
  const input = fed(518, 1, 'bicubic');
  return [
    vit(`vit_${size}_patch14_dinov2`, title, size, 14, input, { layerScale: 1e-5 }),
    vit(`vit_${size}_patch14_reg4_dinov2`, `${title}, registers`, size, 14, input, { layerScale: 1e-5, registers: 4, patchesOnly: true }),
  ];
};

const inceptionInput = fed(299, 0.875, 'bicubic', centred), alexNetInput = fed(224, 0.875, 'bilinear');

/** Every kind of network that can be built, by its library's name: what weights from elsewhere are matched with. Inputs are timm's default ones. */
const architectures: readonly Architecture[] = [
  lite('tf_efficientnet_lite0', 'EfficientNet-Lite0', fed(224, 0.875, 'bicubic', centred), 1, 1),
  lite('tf_efficientnet_lite1', 'EfficientNet-Lite1', fed(240, 0.882, 'bicubic', centred), 1, 1.1),
  lite('tf_efficientnet_lite2', 'EfficientNet-Lite2', fed(260, 0.89, 'bicubic', centred), 1.1, 1.2),
  lite('tf_efficientnet_lite3', 'EfficientNet-Lite3', fed(300, 0.904, 'bilinear', centred), 1.2, 1.4),
  lite('tf_efficientnet_lite4', 'EfficientNet-Lite4', fed(380, 0.92, 'bilinear', centred), 1.4, 1.8),
  lite('efficientnet_lite0', 'EfficientNet-Lite0', fed(224, 0.875, 'bicubic'), 1, 1),
  efficientNetB('efficientnet_b0', 'EfficientNet-B0', fed(224, 0.875, 'bicubic'), 1, 1),
  efficientNetB('efficientnet_b1', 'EfficientNet-B1', fed(240, 0.9, 'bicubic', centred), 1, 1.1),
  efficientNetB('efficientnet_b2', 'EfficientNet-B2', fed(256, 0.875, 'bicubic'), 1.1, 1.2),
  efficientNetB('efficientnet_b3', 'EfficientNet-B3', fed(288, 0.875, 'bicubic'), 1.2, 1.4),
  efficientNetB('efficientnet_b4', 'EfficientNet-B4', fed(320, 0.875, 'bicubic'), 1.4, 1.8),
  efficientNetB('tf_efficientnet_b0', 'EfficientNet-B0', fed(224, 0.875, 'bicubic'), 1, 1),
  efficientNetB('tf_efficientnet_b1', 'EfficientNet-B1', fed(240, 0.882, 'bicubic'), 1, 1.1),
  efficientNetB('tf_efficientnet_b2', 'EfficientNet-B2', fed(260, 0.89, 'bicubic'), 1.1, 1.2),
  efficientNetB('tf_efficientnet_b3', 'EfficientNet-B3', fed(300, 0.904, 'bicubic'), 1.2, 1.4),
  efficientNetB('tf_efficientnet_b4', 'EfficientNet-B4', fed(380, 0.922, 'bicubic'), 1.4, 1.8),
  efficientNetV2S('efficientnetv2_s', fed(288, 1, 'bicubic')),
  efficientNetV2S('tf_efficientnetv2_s', fed(300, 1, 'bicubic', centred)),
  mobileNetV2('mobilenetv2_050', 'MobileNetV2 × 0.5', 0.5),
  mobileNetV2('mobilenetv2_100', 'MobileNetV2', 1),
  mobileNetV2('mobilenetv2_110d', 'MobileNetV2 × 1.1, deep', 1.1, 1.2),
  mobileNetV2('mobilenetv2_120d', 'MobileNetV2 × 1.2, deep', 1.2, 1.4),
  mobileNetV2('mobilenetv2_140', 'MobileNetV2 × 1.4', 1.4),
  mobileNetV3('mobilenetv3_large_100', 'MobileNetV3 large', fed(224, 0.875, 'bicubic'), 'large', 1),
  mobileNetV3('mobilenetv3_small_050', 'MobileNetV3 small × 0.5', fed(224, 0.875, 'bicubic'), 'small', 0.5),
  mobileNetV3('mobilenetv3_small_075', 'MobileNetV3 small × 0.75', fed(224, 0.875, 'bicubic'), 'small', 0.75),
  mobileNetV3('mobilenetv3_small_100', 'MobileNetV3 small', fed(224, 0.875, 'bicubic'), 'small', 1),
  mobileNetV3('tf_mobilenetv3_large_075', 'MobileNetV3 large × 0.75', fed(224, 0.875, 'bilinear', centred), 'large', 0.75),
  mobileNetV3('tf_mobilenetv3_large_100', 'MobileNetV3 large', fed(224, 0.875, 'bilinear', centred), 'large', 1),
  mobileNetV3('tf_mobilenetv3_small_075', 'MobileNetV3 small × 0.75', fed(224, 0.875, 'bilinear', centred), 'small', 0.75),
  mobileNetV3('tf_mobilenetv3_small_100', 'MobileNetV3 small', fed(224, 0.875, 'bilinear', centred), 'small', 1),
  resNetArchitecture('resnet18', 'ResNet-18', 'basic', [2, 2, 2, 2]),
  resNetArchitecture('resnet34', 'ResNet-34', 'basic', [3, 4, 6, 3]),
  resNetArchitecture('resnet50', 'ResNet-50', 'bottleneck', [3, 4, 6, 3]),
  resNetArchitecture('resnet101', 'ResNet-101', 'bottleneck', [3, 4, 23, 3]),
  resNetArchitecture('resnet152', 'ResNet-152', 'bottleneck', [3, 8, 36, 3]),
  smallResNet('resnet20_cifar', 'ResNet-20 for 32 pixels', 3),
  ...vggArchitectures('vgg11', 'VGG-11', [1, 1, 2, 2, 2]),
  ...vggArchitectures('vgg13', 'VGG-13', [2, 2, 2, 2, 2]),
  ...vggArchitectures('vgg16', 'VGG-16', [2, 2, 3, 3, 3]),
  ...vggArchitectures('vgg19', 'VGG-19', [2, 2, 4, 4, 4]),
  denseNetArchitecture('densenet121', 'DenseNet-121', 1024, 32, [6, 12, 24, 16]),
  denseNetArchitecture('densenet169', 'DenseNet-169', 1664, 32, [6, 12, 32, 32]),
  denseNetArchitecture('densenet201', 'DenseNet-201', 1920, 32, [6, 12, 48, 32]),
  denseNetArchitecture('densenet161', 'DenseNet-161', 2208, 48, [6, 12, 36, 24]),
  {
    name: 'inception_v3', title: 'Inception v3', input: inceptionInput, sourceHead: 'fc', features: 2048,
    network: (classes, at = inceptionInput) => inceptionV3({ name: 'inception_v3', input: shapeOf(at), width: 1, classes }),
  },
  {
    name: 'alexnet', title: 'AlexNet', input: alexNetInput, sourceHead: 'classifier.6', features: 4096, // torchvision's
    network: (classes, at = alexNetInput) => alexNet({ name: 'alexnet', input: shapeOf(at), channels: [64, 192, 384, 256, 256], features: 4096, classes }),
  },
  convNextArchitecture('convnext_tiny', 'ConvNeXt-T', fed(224, 0.95, 'bicubic'), [3, 3, 9, 3], [96, 192, 384, 768]),
  convNextArchitecture('convnext_small', 'ConvNeXt-S', fed(224, 0.95, 'bicubic'), [3, 3, 27, 3], [96, 192, 384, 768]),
  convNextArchitecture('convnext_base', 'ConvNeXt-B', fed(224, 0.875, 'bicubic'), [3, 3, 27, 3], [128, 256, 512, 1024]),
  convNextArchitecture('convnext_large', 'ConvNeXt-L', fed(224, 0.875, 'bicubic'), [3, 3, 27, 3], [192, 384, 768, 1536]),
  vit('vit_tiny_patch16_224', 'ViT-Ti/16', 'tiny', 16, timmVit(224)),
  vit('vit_tiny_patch16_384', 'ViT-Ti/16', 'tiny', 16, timmVit(384, 1)),
  vit('vit_small_patch32_224', 'ViT-S/32', 'small', 32, timmVit(224)),
  vit('vit_small_patch16_224', 'ViT-S/16', 'small', 16, timmVit(224)),
  vit('vit_small_patch16_384', 'ViT-S/16', 'small', 16, timmVit(384, 1)),
  vit('vit_base_patch32_224', 'ViT-B/32', 'base', 32, timmVit(224)),
  vit('vit_base_patch16_224', 'ViT-B/16', 'base', 16, timmVit(224)),
  vit('vit_base_patch16_384', 'ViT-B/16', 'base', 16, timmVit(384, 1)),
  vit('vit_base_patch8_224', 'ViT-B/8', 'base', 8, timmVit(224)),
  vit('vit_large_patch16_224', 'ViT-L/16', 'large', 16, timmVit(224)),
  vit('deit_tiny_patch16_224', 'DeiT-Ti/16', 'tiny', 16, fed(224, 0.9, 'bicubic')),
  vit('deit_small_patch16_224', 'DeiT-S/16', 'small', 16, fed(224, 0.9, 'bicubic')),
  vit('deit_base_patch16_224', 'DeiT-B/16', 'base', 16, fed(224, 0.9, 'bicubic')),
  ...dinov2('small', 'DINOv2-S/14'),
  ...dinov2('base', 'DINOv2-B/14'),
  ...dinov2('large', 'DINOv2-L/14'),
];

export const architectureNames: readonly string[] = architectures.map(({ name }) => name);

export const architectureOf = (name: string): Architecture | undefined => architectures.find((architecture) => architecture.name === name);
