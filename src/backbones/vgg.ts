import { NetworkBuilder } from './networkBuilder.ts';
import type { Block, Network } from './op.ts';
import { mapOf, shapesOf } from './shapes.ts';

/**
 * VGG (Simonyan & Zisserman 2015, arXiv:1409.1556) as in timm, which writes the two wide layers before the classifier
 * as convolutions. Node names are timm's; only `head.fc` is named `head` here (weightNames.ts).
 */
export interface Vgg {
  readonly name: string;
  readonly input: readonly [height: number, width: number, channels: number];
  /** Channels of the 3×3 convolutions, and `M` where the map is halved. */
  readonly layers: readonly (number | 'M')[];
  readonly batchNorm: boolean;
  /** Width of the two layers before the head. */
  readonly features: number;
  readonly classes: number;
}

/** Side of the map that the first wide layer was made for; smaller maps are averaged up to it. */
const side = 7;

export function vgg(spec: Vgg): Network {
  const builder = new NetworkBuilder(), blocks: Block[] = [];
  let x = 'input', index = 0;
  const next = (): string => `features.${index++}`;
  for (const layer of spec.layers) {
    if (layer === 'M') {
      x = builder.add(next(), { op: 'maxPool', kernel: 2, stride: 2, padding: 0 }, x);
      continue;
    }
    const conv = next();
    const members = spec.batchNorm ? [conv, next()] : [conv];
    x = builder.conv(conv, { filters: layer, kernel: 3, stride: 1, padding: 1, bias: true }, x);
    if (spec.batchNorm) x = builder.norm(members[1]!, x);
    x = builder.activation(next(), 'relu', x);
    blocks.push({ path: conv, members });
  }
  const [height, width] = mapOf(shapesOf({ ...spec, nodes: builder.nodes }).get(x));
  if (height < side || width < side) {
    x = builder.add('pre_logits.pool', { op: 'adaptiveAveragePool', height: Math.max(side, height), width: Math.max(side, width) }, x);
  }
  for (const [i, kernel] of [[1, side], [2, 1]] as const) {
    x = builder.conv(`pre_logits.fc${i}`, { filters: spec.features, kernel, stride: 1, padding: 0, bias: true }, x);
    x = builder.activation(`pre_logits.act${i}`, 'relu', x);
    blocks.push({ path: `pre_logits.fc${i}`, members: [`pre_logits.fc${i}`] });
  }
  builder.head(spec.classes, builder.add('global_pool', { op: 'globalAveragePool' }, x));
  return { name: spec.name, input: spec.input, nodes: builder.nodes, blocks: [...blocks, { path: 'head', members: ['head'] }] };
}
