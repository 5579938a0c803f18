import { NetworkBuilder } from './networkBuilder.ts';
import type { Block, Network } from './op.ts';

/**
 * DenseNet (Huang et al. 2017, arXiv:1608.06993) as in timm and torchvision: each layer adds `growth` channels to all
 * that came before it. Node names are theirs; only `classifier` is named `head` here (weightNames.ts).
 */
export interface DenseNet {
  readonly name: string;
  readonly input: readonly [height: number, width: number, channels: number];
  readonly growth: number;
  /** Layers of each dense block. */
  readonly layers: readonly number[];
  /** Width of a layer's 1×1 convolution, in growths. */
  readonly bottleneck: number;
  readonly classes: number;
}

export function denseNet(spec: DenseNet): Network {
  const builder = new NetworkBuilder(), blocks: Block[] = [{ path: 'stem', members: ['features.conv0', 'features.norm0'] }];
  const normAct = (name: string, x: string): string => builder.activation(`${name}.act`, 'relu', builder.norm(name, x));
  const narrow = (name: string, filters: number, x: string): string => builder.conv(name, { filters, kernel: 1, stride: 1, padding: 0 }, x);
  const block = (path: string): string => {
    blocks.push({ path, members: [path] });
    return path;
  };

  let channels = 2 * spec.growth;
  let x = normAct('features.norm0', builder.conv('features.conv0', { filters: channels, kernel: 7, stride: 2, padding: 3 }, 'input'));
  x = builder.add('features.pool0', { op: 'maxPool', kernel: 3, stride: 2, padding: 1 }, x);
  for (const [i, count] of spec.layers.entries()) {
    const dense = block(`features.denseblock${i + 1}`);
    for (let j = 1; j <= count; j++) {
      const at = `${dense}.denselayer${j}`;
      const wide = narrow(`${at}.conv1`, spec.bottleneck * spec.growth, normAct(`${at}.norm1`, x));
      const y = builder.conv(`${at}.conv2`, { filters: spec.growth, kernel: 3, stride: 1, padding: 1 }, normAct(`${at}.norm2`, wide));
      x = builder.add(`${at}.concat`, { op: 'concat' }, x, y);
      channels += spec.growth;
    }
    if (i === spec.layers.length - 1) continue;
    const transition = block(`features.transition${i + 1}`);
    channels = Math.floor(channels / 2);
    x = narrow(`${transition}.conv`, channels, normAct(`${transition}.norm`, x));
    x = builder.add(`${transition}.pool`, { op: 'averagePool', kernel: 2, stride: 2, padding: 0 }, x);
  }
  x = normAct(block('features.norm5'), x);
  builder.head(spec.classes, builder.add('global_pool', { op: 'globalAveragePool' }, x));
  return {
    name: spec.name, input: spec.input, nodes: builder.nodes, blocks: [...blocks, { path: 'head', members: ['head'] }],
    initial: { kernels: 'fanIn' },
  };
}
