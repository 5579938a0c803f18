import type { Block, Network, Node, Op, Padding } from './op.ts';

/**
 * EfficientNet-Lite: EfficientNet without squeeze-and-excite, ReLU6 for swish, stem and head unscaled.
 * Tan & Le 2019, arXiv:1905.11946; Lite: tensorflow/tpu, models/official/efficientnet/lite.
 * Node names are timm's, so its weights load as they are; only its `classifier` is named `head` here (weightNames.ts).
 */
export interface EfficientNetLite {
  readonly name: string;
  readonly input: readonly [height: number, width: number, channels: number];
  /** Channels after the first convolution, and before the head. */
  readonly stem: number;
  readonly features: number;
  readonly stages: readonly Stage[];
  readonly classes: number;
  /** `same` as trained in TensorFlow, `symmetric` as timm's own variants. */
  readonly padding: 'same' | 'symmetric';
  readonly epsilon: number;
}

/** One entry of timm's block list: `ir_r2_k3_s2_e6_c24` = inverted residual, 2 repeats, kernel 3, stride 2 (first only), expansion 6, 24 channels. */
export interface Stage {
  readonly repeats: number;
  readonly kernel: number;
  readonly stride: number;
  /** 1: a depthwise-separable block without the expanding convolution. */
  readonly expansion: number;
  readonly channels: number;
}

/** PyTorch's default. The weights were trained with 0.01; timm fine-tunes with 0.1, which follows a small set within a few epochs. */
const momentum = 0.1;

export function efficientNetLite(spec: EfficientNetLite): Network {
  const nodes: Node[] = [];
  const add = (name: string, op: Op, ...inputs: readonly string[]): string => {
    nodes.push({ name, op, inputs });
    return name;
  };
  const padding = (kernel: number): Padding => spec.padding === 'same' ? 'same' : (kernel - 1) / 2;
  const conv = (name: string, filters: number, kernel: number, stride: number, x: string): string =>
    add(name, { op: 'conv', filters, kernel, stride, padding: padding(kernel), groups: 1, bias: false }, x);
  const depthwise = (name: string, { kernel }: Stage, stride: number, x: string): string =>
    add(name, { op: 'depthwiseConv', kernel, stride, padding: padding(kernel), bias: false }, x);
  const norm = (name: string, x: string): string => add(name, { op: 'batchNorm', epsilon: spec.epsilon, momentum }, x);
  const normAct = (name: string, x: string): string => add(`${name}.act`, { op: 'relu6' }, norm(name, x));

  const separable = (at: string, stage: Stage, stride: number, x: string): string => {
    const y = normAct(`${at}.bn1`, depthwise(`${at}.conv_dw`, stage, stride, x));
    return norm(`${at}.bn2`, conv(`${at}.conv_pw`, stage.channels, 1, 1, y));
  };
  const inverted = (at: string, stage: Stage, stride: number, channels: number, x: string): string => {
    let y = normAct(`${at}.bn1`, conv(`${at}.conv_pw`, channels * stage.expansion, 1, 1, x));
    y = normAct(`${at}.bn2`, depthwise(`${at}.conv_dw`, stage, stride, y));
    return norm(`${at}.bn3`, conv(`${at}.conv_pwl`, stage.channels, 1, 1, y));
  };

  let x = normAct('bn1', conv('conv_stem', spec.stem, 3, 2, 'input'));
  let channels = spec.stem;
  spec.stages.forEach((stage, i) => {
    for (let j = 0; j < stage.repeats; j++) {
      const at = `blocks.${i}.${j}`, stride = j === 0 ? stage.stride : 1;
      const y = stage.expansion === 1 ? separable(at, stage, stride, x) : inverted(at, stage, stride, channels, x);
      x = stride === 1 && channels === stage.channels ? add(`${at}.add`, { op: 'add' }, y, x) : y;
      channels = stage.channels;
    }
  });
  x = normAct('bn2', conv('conv_head', spec.features, 1, 1, x));
  x = add('global_pool', { op: 'globalAveragePool' }, x);
  add('head', { op: 'linear', units: spec.classes, bias: true }, x);
  return { name: spec.name, input: spec.input, nodes, blocks: blocksOf(spec) };
}

function blocksOf({ stages }: EfficientNetLite): Block[] {
  return [
    { path: 'stem', members: ['conv_stem', 'bn1'] },
    ...stages.map((_, i) => ({ path: `blocks.${i}`, members: [`blocks.${i}`] })),
    { path: 'conv_head', members: ['conv_head', 'bn2'] },
    { path: 'head', members: ['head'] },
  ];
}
