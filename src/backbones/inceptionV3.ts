import { NetworkBuilder } from './networkBuilder.ts';
import type { Network, PerAxis } from './op.ts';
import { perAxis } from './padding.ts';

/**
 * Inception v3 (Szegedy et al. 2016, arXiv:1512.00567) as in timm, without the auxiliary classifier that only helps
 * training from scratch. Node names are timm's; only `fc` is named `head` here (weightNames.ts).
 */
export interface InceptionV3 {
  readonly name: string;
  readonly input: readonly [height: number, width: number, channels: number];
  /** Of all channels: 1 for the published network. */
  readonly width: number;
  readonly classes: number;
}

/** One convolution of a branch. `halves`: stride 2 and no padding; all others keep the map's size. */
type Step = readonly [name: string, filters: number, kernel: PerAxis, halves?: 'halves'];

/** What a block does with its input beside the other branches; the last step may split in two. */
interface Branch {
  readonly pool?: 'average' | 'max';
  readonly steps: readonly Step[];
  readonly split?: readonly [Step, Step];
}

const wide: PerAxis = [1, 7], tall: PerAxis = [7, 1];

/** At 35 × 35. */
const a = (pool: number): readonly Branch[] => [
  { steps: [['1x1', 64, 1]] },
  { steps: [['5x5_1', 48, 1], ['5x5_2', 64, 5]] },
  { steps: [['3x3dbl_1', 64, 1], ['3x3dbl_2', 96, 3], ['3x3dbl_3', 96, 3]] },
  { pool: 'average', steps: [['_pool', pool, 1]] },
];

/** From 35 × 35 to 17 × 17. */
const b: readonly Branch[] = [
  { steps: [['3x3', 384, 3, 'halves']] },
  { steps: [['3x3dbl_1', 64, 1], ['3x3dbl_2', 96, 3], ['3x3dbl_3', 96, 3, 'halves']] },
  { pool: 'max', steps: [] },
];

/** At 17 × 17, its 7 × 7 convolutions in two halves. */
const c = (width: number): readonly Branch[] => [
  { steps: [['1x1', 192, 1]] },
  { steps: [['7x7_1', width, 1], ['7x7_2', width, wide], ['7x7_3', 192, tall]] },
  { steps: [['7x7dbl_1', width, 1], ['7x7dbl_2', width, tall], ['7x7dbl_3', width, wide], ['7x7dbl_4', width, tall], ['7x7dbl_5', 192, wide]] },
  { pool: 'average', steps: [['_pool', 192, 1]] },
];

/** From 17 × 17 to 8 × 8. */
const d: readonly Branch[] = [
  { steps: [['3x3_1', 192, 1], ['3x3_2', 320, 3, 'halves']] },
  { steps: [['7x7x3_1', 192, 1], ['7x7x3_2', 192, wide], ['7x7x3_3', 192, tall], ['7x7x3_4', 192, 3, 'halves']] },
  { pool: 'max', steps: [] },
];

/** At 8 × 8. */
const e: readonly Branch[] = [
  { steps: [['1x1', 320, 1]] },
  { steps: [['3x3_1', 384, 1]], split: [['3x3_2a', 384, [1, 3]], ['3x3_2b', 384, [3, 1]]] },
  { steps: [['3x3dbl_1', 448, 1], ['3x3dbl_2', 384, 3]], split: [['3x3dbl_3a', 384, [1, 3]], ['3x3dbl_3b', 384, [3, 1]]] },
  { pool: 'average', steps: [['_pool', 192, 1]] },
];

const mixed: Readonly<Record<string, readonly Branch[]>> = {
  Mixed_5b: a(32), Mixed_5c: a(64), Mixed_5d: a(64),
  Mixed_6a: b, Mixed_6b: c(128), Mixed_6c: c(160), Mixed_6d: c(160), Mixed_6e: c(192),
  Mixed_7a: d, Mixed_7b: e, Mixed_7c: e,
};

const stem = ['Conv2d_1a_3x3', 'Conv2d_2a_3x3', 'Conv2d_2b_3x3', 'Conv2d_3b_1x1', 'Conv2d_4a_3x3'];

export function inceptionV3(spec: InceptionV3): Network {
  const builder = new NetworkBuilder(1e-3);
  const conv = (name: string, filters: number, kernel: PerAxis, stride: number, padding: PerAxis, x: string): string =>
    builder.activation(`${name}.bn.act`, 'relu', builder.norm(`${name}.bn`, builder.conv(`${name}.conv`, { filters: filters * spec.width, kernel, stride, padding }, x)));
  const maxPool = (name: string, x: string): string => builder.add(name, { op: 'maxPool', kernel: 3, stride: 2, padding: 0 }, x);

  const step = (at: string, [name, filters, kernel, halves]: Step, x: string): string => {
    const [height, width] = perAxis(kernel);
    return conv(`${at}.branch${name}`, filters, kernel, halves ? 2 : 1, halves ? 0 : [(height - 1) / 2, (width - 1) / 2], x);
  };
  const branch = (at: string, { pool, steps, split }: Branch, x: string): readonly string[] => {
    const pooled = pool === 'max' ? maxPool(`${at}.pool`, x)
      : pool === 'average' ? builder.add(`${at}.pool`, { op: 'averagePool', kernel: 3, stride: 1, padding: 1 }, x) : x;
    const y = steps.reduce((before, next) => step(at, next, before), pooled);
    return split ? split.map((end) => step(at, end, y)) : [y];
  };

  let x = conv(stem[0]!, 32, 3, 2, 0, 'input');
  x = conv(stem[1]!, 32, 3, 1, 0, x);
  x = maxPool('Pool1', conv(stem[2]!, 64, 3, 1, 1, x));
  x = conv(stem[3]!, 80, 1, 1, 0, x);
  x = maxPool('Pool2', conv(stem[4]!, 192, 3, 1, 0, x));
  for (const [at, branches] of Object.entries(mixed)) {
    const from = x;
    x = builder.add(`${at}.concat`, { op: 'concat' }, ...branches.flatMap((one) => branch(at, one, from)));
  }
  builder.head(spec.classes, builder.add('global_pool', { op: 'globalAveragePool' }, x));
  return {
    name: spec.name, input: spec.input, nodes: builder.nodes,
    blocks: [{ path: 'stem', members: stem }, ...Object.keys(mixed).map((path) => ({ path, members: [path] })), { path: 'head', members: ['head'] }],
    initial: { kernels: { deviation: 0.1 } },
  };
}
