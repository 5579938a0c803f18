import { NetworkBuilder } from './networkBuilder.ts';
import type { Network } from './op.ts';

/**
 * ResNet (He et al. 2016, arXiv:1512.03385) as in timm and torchvision: in a bottleneck the 3×3 convolution has the
 * stride (ResNet "v1.5"). Node names are theirs; only `fc` is named `head` here (weightNames.ts). The paper's small ones
 * for 32 × 32 pixels (section 4.2) have a stem that keeps the size, and shortcuts without weights.
 */
export interface ResNet {
  readonly name: string;
  readonly input: readonly [height: number, width: number, channels: number];
  readonly block: 'basic' | 'bottleneck';
  /** Blocks of each layer, and their width; a bottleneck's output is four times as wide. */
  readonly layers: readonly number[];
  readonly channels: readonly number[];
  readonly classes: number;
  /** A 3 × 3 convolution as stem, and where a shortcut changes shape: every second pixel, zeros as new channels on both sides. */
  readonly small?: boolean;
}

export function resNet(spec: ResNet): Network {
  const builder = new NetworkBuilder(), zeroScales: string[] = [];
  const conv = (name: string, filters: number, kernel: number, stride: number, x: string): string =>
    builder.conv(name, { filters, kernel, stride, padding: (kernel - 1) / 2 }, x);
  const convNorm = (at: string, i: number, filters: number, kernel: number, stride: number, x: string): string =>
    builder.norm(`${at}.bn${i}`, conv(`${at}.conv${i}`, filters, kernel, stride, x));
  const relu = (name: string, x: string): string => builder.activation(name, 'relu', x);

  /** Up to the last batch norm, before the shortcut is added. */
  const residual = (at: string, width: number, stride: number, x: string): string => {
    if (spec.block === 'basic') return convNorm(at, 2, width, 3, 1, relu(`${at}.act1`, convNorm(at, 1, width, 3, stride, x)));
    const narrow = relu(`${at}.act1`, convNorm(at, 1, width, 1, 1, x));
    return convNorm(at, 3, 4 * width, 1, 1, relu(`${at}.act2`, convNorm(at, 2, width, 3, stride, narrow)));
  };

  const padded = (at: string, stride: number, side: number, x: string): string =>
    builder.add(`${at}.widen`, { op: 'padChannels', before: side, after: side }, builder.add(`${at}.thin`, { op: 'averagePool', kernel: 1, stride, padding: 0 }, x));

  let channels = spec.channels[0]!;
  let x = relu('act1', builder.norm('bn1', spec.small ? conv('conv1', channels, 3, 1, 'input') : conv('conv1', channels, 7, 2, 'input')));
  if (!spec.small) x = builder.add('maxpool', { op: 'maxPool', kernel: 3, stride: 2, padding: 1 }, x);
  for (const [i, count] of spec.layers.entries()) {
    const width = spec.channels[i]!, wide = spec.block === 'basic' ? width : 4 * width;
    for (let j = 0; j < count; j++) {
      const at = `layer${i + 1}.${j}`, stride = i > 0 && j === 0 ? 2 : 1;
      const y = residual(at, width, stride, x);
      zeroScales.push(y);
      const shortcut = stride === 1 && channels === wide ? x : spec.small ? padded(at, stride, (wide - channels) / 2, x)
        : builder.norm(`${at}.downsample.1`, builder.conv(`${at}.downsample.0`, { filters: wide, kernel: 1, stride, padding: 0 }, x));
      x = relu(`${at}.act${spec.block === 'basic' ? 2 : 3}`, builder.add(`${at}.add`, { op: 'add' }, y, shortcut));
      channels = wide;
    }
  }
  builder.head(spec.classes, builder.add('global_pool', { op: 'globalAveragePool' }, x));
  return {
    name: spec.name, input: spec.input, nodes: builder.nodes,
    blocks: [
      { path: 'stem', members: ['conv1', 'bn1'] },
      ...spec.layers.map((_, i) => ({ path: `layer${i + 1}`, members: [`layer${i + 1}`] })),
      { path: 'head', members: ['head'] },
    ],
    initial: { kernels: 'fanOut', zeroScales },
  };
}
