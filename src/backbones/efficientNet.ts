import { Bug } from '../base/bug.ts';
import { NetworkBuilder } from './networkBuilder.ts';
import type { Activation, Block, Network, Padding } from './op.ts';

/**
 * The networks that timm builds from block lists: MobileNet v2 (Sandler et al. 2018, arXiv:1801.04381) and v3 (Howard et
 * al. 2019, arXiv:1905.02244), EfficientNet (Tan & Le 2019, arXiv:1905.11946; Lite: without squeeze-and-excite, ReLU6 for
 * swish, stem and head unscaled) and EfficientNet v2 (Tan & Le 2021, arXiv:2104.00298).
 * Node names are timm's, so its weights load as they are; only its `classifier` is named `head` here (weightNames.ts).
 */
export interface EfficientNet {
  readonly name: string;
  readonly input: readonly [height: number, width: number, channels: number];
  /** Channels after the first convolution, and before the head. */
  readonly stem: number;
  readonly features: number;
  /** One list per stage of timm's block descriptions: see BlockList. */
  readonly stages: readonly (readonly string[])[];
  readonly classes: number;
  /** `same` as trained in TensorFlow, `symmetric` as timm's own variants. */
  readonly padding: 'same' | 'symmetric';
  readonly epsilon: number;
  /** Where a block does not name its own. */
  readonly activation: BlockActivation;
  /** EfficientNet's if left out. */
  readonly squeeze?: Squeeze;
  /** MobileNet v3's efficient head: pool first, then the last convolution, with a bias and without a batch norm. */
  readonly poolsFirst?: boolean;
}

type BlockActivation = 'relu' | 'relu6' | Activation;

/** Squeeze-and-excite (Hu et al. 2018, arXiv:1709.01507): how many channels it squeezes to, and its activations. */
export interface Squeeze {
  /** A share of the channels that come into the block, or of the expanded ones. */
  readonly of: 'input' | 'expanded';
  /** Its channels are a multiple of this. */
  readonly divisor: number;
  /** The block's own if left out. */
  readonly activation?: BlockActivation;
  readonly gate: 'sigmoid' | 'hardSigmoid';
}

export const mobileNetV3Squeeze: Squeeze = { of: 'expanded', divisor: 8, activation: 'relu', gate: 'hardSigmoid' };

/**
 * timm's words: `ir_r2_k3_s2_e6_c24_se0.25_nre` = inverted residual, 2 repeats, kernel 3, stride 2 (first only),
 * expansion 6, 24 channels, squeeze-and-excite by a quarter, ReLU. Kinds: `ds` depthwise-separable, `ir` inverted
 * residual, `er` the same with one full convolution for expansion and depthwise, `cn` convolution (`skip`: residual).
 */
interface BlockList {
  readonly kind: 'ds' | 'ir' | 'er' | 'cn';
  readonly repeats: number;
  readonly kernel: number;
  readonly stride: number;
  readonly expansion: number;
  readonly channels: number;
  /** Share of channels; 0: no squeeze-and-excite. */
  readonly squeezed: number;
  readonly activation: BlockActivation | undefined;
  /** Where stride and channels allow. */
  readonly residual: boolean;
}

const activationNames: Readonly<Record<string, BlockActivation>> = { re: 'relu', r6: 'relu6', hs: 'hardSwish', sw: 'silu' };

function blockListOf(text: string): BlockList {
  const [kind, ...options] = text.split('_');
  const values = new Map(options.map((option) => /^([a-z]+?)(r6|re|hs|sw|[\d.]*)$/.exec(option)!).map(([, key, value]) => [key!, value!]));
  if (kind !== 'ds' && kind !== 'ir' && kind !== 'er' && kind !== 'cn') throw new Bug(`no block of kind "${text}"`);
  const numberOf = (key: string, other: number): number => Number(values.get(key) ?? other);
  return {
    kind, repeats: numberOf('r', 1), kernel: numberOf('k', 1), stride: numberOf('s', 1), expansion: numberOf('e', 1), channels: numberOf('c', 0),
    squeezed: numberOf('se', 0), activation: activationNames[values.get('n') ?? ''], residual: kind !== 'cn' || values.has('skip'),
  };
}

export function efficientNet(spec: EfficientNet): Network {
  const builder = new NetworkBuilder(spec.epsilon);
  const squeeze: Squeeze = spec.squeeze ?? { of: 'input', divisor: 1, gate: 'sigmoid' };
  const padding = (kernel: number): Padding => spec.padding === 'same' ? 'same' : (kernel - 1) / 2;
  const conv = (name: string, filters: number, kernel: number, stride: number, x: string): string =>
    builder.conv(name, { filters, kernel, stride, padding: padding(kernel) }, x);
  const normAct = (name: string, kind: BlockActivation, x: string): string => builder.activation(`${name}.act`, kind, builder.norm(name, x));

  const excited = (at: string, list: BlockList, mid: number, activation: BlockActivation, x: string): string => {
    if (list.squeezed === 0) return x;
    const narrow = nearestMultiple(list.squeezed * (squeeze.of === 'expanded' ? mid : mid / list.expansion), squeeze.divisor);
    const one = { kernel: 1, stride: 1, padding: 0, bias: true };
    let gate = builder.add(`${at}.se.pool`, { op: 'adaptiveAveragePool', height: 1, width: 1 }, x);
    gate = builder.conv(`${at}.se.conv_reduce`, { ...one, filters: narrow }, gate);
    gate = builder.activation(`${at}.se.act1`, squeeze.activation ?? activation, gate);
    gate = builder.conv(`${at}.se.conv_expand`, { ...one, filters: mid }, gate);
    return builder.add(`${at}.se`, { op: 'multiply' }, x, builder.activation(`${at}.se.gate`, squeeze.gate, gate));
  };

  /** A block without its residual. */
  const block = (at: string, list: BlockList, stride: number, channels: number, x: string): string => {
    const activation = list.activation ?? spec.activation, { kernel } = list;
    const depthwise = (y: string): string => builder.depthwise(`${at}.conv_dw`, { kernel, stride, padding: padding(kernel) }, y);
    if (list.kind === 'cn') return normAct(`${at}.bn1`, activation, conv(`${at}.conv`, list.channels, kernel, stride, x));
    const mid = list.kind === 'ds' ? channels : nearestMultiple(channels * list.expansion, 8);
    const excite = (y: string): string => excited(at, list, mid, activation, y);
    if (list.kind === 'ds') {
      const y = excite(normAct(`${at}.bn1`, activation, depthwise(x)));
      return builder.norm(`${at}.bn2`, conv(`${at}.conv_pw`, list.channels, 1, 1, y));
    }
    if (list.kind === 'er') {
      const y = excite(normAct(`${at}.bn1`, activation, conv(`${at}.conv_exp`, mid, kernel, stride, x)));
      return builder.norm(`${at}.bn2`, conv(`${at}.conv_pwl`, list.channels, 1, 1, y));
    }
    const wide = normAct(`${at}.bn1`, activation, conv(`${at}.conv_pw`, mid, 1, 1, x));
    const y = excite(normAct(`${at}.bn2`, activation, depthwise(wide)));
    return builder.norm(`${at}.bn3`, conv(`${at}.conv_pwl`, list.channels, 1, 1, y));
  };

  let x = normAct('bn1', spec.activation, conv('conv_stem', spec.stem, 3, 2, 'input')), channels = spec.stem;
  for (const [i, texts] of spec.stages.entries()) {
    const lists = texts.map(blockListOf).flatMap((list) => Array.from({ length: list.repeats }, () => list));
    for (const [j, list] of lists.entries()) {
      const at = `blocks.${i}.${j}`, stride = j === 0 ? list.stride : 1;
      const y = block(at, list, stride, channels, x);
      x = list.residual && stride === 1 && channels === list.channels ? builder.add(`${at}.add`, { op: 'add' }, y, x) : y;
      channels = list.channels;
    }
  }
  if (spec.poolsFirst) {
    x = builder.add('global_pool', { op: 'adaptiveAveragePool', height: 1, width: 1 }, x);
    x = builder.conv('conv_head', { filters: spec.features, kernel: 1, stride: 1, padding: 0, bias: true }, x);
    x = builder.add('flatten', { op: 'flatten' }, builder.activation('act2', spec.activation, x));
  } else {
    x = normAct('bn2', spec.activation, conv('conv_head', spec.features, 1, 1, x));
    x = builder.add('global_pool', { op: 'globalAveragePool' }, x);
  }
  builder.head(spec.classes, x);
  return { name: spec.name, input: spec.input, nodes: builder.nodes, blocks: blocksOf(spec) };
}

const blocksOf = ({ stages, poolsFirst }: EfficientNet): readonly Block[] => [
  { path: 'stem', members: ['conv_stem', 'bn1'] },
  ...stages.map((_, i) => ({ path: `blocks.${i}`, members: [`blocks.${i}`] })),
  { path: 'conv_head', members: poolsFirst ? ['conv_head'] : ['conv_head', 'bn2'] },
  { path: 'head', members: ['head'] },
];

/** The nearest multiple, at least one and never more than a tenth below `channels` (timm's make_divisible). */
export function nearestMultiple(channels: number, divisor: number): number {
  const nearest = Math.max(divisor, Math.floor((channels + divisor / 2) / divisor) * divisor);
  return nearest < 0.9 * channels ? nearest + divisor : nearest;
}

/** Block lists scaled as EfficientNet's family is: more channels, more repeats; `fixedEnds`: first and last stage keep their repeats. */
export function scaledStages(
  stages: readonly (readonly string[])[], { width, depth, fixedEnds = false }: { readonly width: number; readonly depth: number; readonly fixedEnds?: boolean },
): readonly (readonly string[])[] {
  return stages.map((texts, i) => {
    const deepens = !fixedEnds || (i > 0 && i < stages.length - 1);
    return texts.map((text) => text
      .replace(/_c(\d+)/, (_, channels) => `_c${nearestMultiple(Number(channels) * width, 8)}`)
      .replace(/_r(\d+)/, (_, repeats) => `_r${deepens ? Math.ceil(Number(repeats) * depth) : repeats}`));
  });
}
