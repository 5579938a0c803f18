import { NetworkBuilder } from './networkBuilder.ts';
import type { Network } from './op.ts';
import type { SameName } from './weightNames.ts';

/**
 * ConvNeXt (Liu et al. 2022, arXiv:2201.03545): a ResNet built as a transformer, with layer norms, GELU, layer scale and
 * linear layers at each pixel. Node names are timm's, but for the classifier and the norm before it (`convNextNames`).
 */
export interface ConvNext {
  readonly name: string;
  readonly input: readonly [height: number, width: number, channels: number];
  /** Blocks of each stage, and their width. */
  readonly depths: readonly number[];
  readonly widths: readonly number[];
  readonly classes: number;
}

/** A new head leaves this norm as it was trained, so it is none of the head's. */
export const convNextNames: readonly SameName[] = [['head.norm', 'norm']];

export function convNext(spec: ConvNext): Network {
  const builder = new NetworkBuilder();
  const norm = (name: string, x: string): string => builder.add(name, { op: 'layerNorm', epsilon: 1e-6 }, x);
  const linear = (name: string, units: number, x: string): string => builder.add(name, { op: 'linear', units, bias: true }, x);
  const shrink = (name: string, filters: number, factor: number, x: string): string =>
    builder.conv(name, { filters, kernel: factor, stride: factor, padding: 0, bias: true }, x);
  const block = (at: string, width: number, x: string): string => {
    const y = builder.add(`${at}.conv_dw`, { op: 'depthwiseConv', kernel: 7, stride: 1, padding: 3, bias: true }, x);
    const wide = builder.activation(`${at}.mlp.act`, 'geluErf', linear(`${at}.mlp.fc1`, 4 * width, norm(`${at}.norm`, y)));
    const scaled = builder.add(at, { op: 'scale', initial: 1e-6 }, linear(`${at}.mlp.fc2`, width, wide));
    return builder.add(`${at}.add`, { op: 'add' }, scaled, x);
  };

  let x = norm('stem.1', shrink('stem.0', spec.widths[0]!, 4, 'input'));
  for (const [i, width] of spec.widths.entries()) {
    const at = `stages.${i}`;
    if (i > 0) x = shrink(`${at}.downsample.1`, width, 2, norm(`${at}.downsample.0`, x));
    for (let j = 0; j < spec.depths[i]!; j++) x = block(`${at}.blocks.${j}`, width, x);
  }
  builder.head(spec.classes, norm('norm', builder.add('global_pool', { op: 'globalAveragePool' }, x)));
  return {
    name: spec.name, input: spec.input, nodes: builder.nodes, initial: { kernels: { deviation: 0.02 } },
    blocks: ['stem', ...spec.widths.map((_, i) => `stages.${i}`), 'norm', 'head'].map((path) => ({ path, members: [path] })),
  };
}
