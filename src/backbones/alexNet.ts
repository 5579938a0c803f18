import { NetworkBuilder } from './networkBuilder.ts';
import type { Network } from './op.ts';

/**
 * AlexNet (Krizhevsky 2014, arXiv:1404.5997) as in torchvision, whose node names it has; only `classifier.6` is named
 * `head` here (weightNames.ts).
 */
export interface AlexNet {
  readonly name: string;
  readonly input: readonly [height: number, width: number, channels: number];
  /** Of the five convolutions. */
  readonly channels: readonly [number, number, number, number, number];
  /** Width of the two layers before the head. */
  readonly features: number;
  readonly classes: number;
}

/** Of each convolution: its place among the layers, kernel, stride, padding, and whether the map is halved after it. */
const convolutions = [
  [0, 11, 4, 2, true], [3, 5, 1, 2, true], [6, 3, 1, 1, false], [8, 3, 1, 1, false], [10, 3, 1, 1, true],
] as const;

export function alexNet(spec: AlexNet): Network {
  const builder = new NetworkBuilder();
  let x = 'input';
  for (const [i, [at, kernel, stride, padding, halves]] of convolutions.entries()) {
    x = builder.conv(`features.${at}`, { filters: spec.channels[i]!, kernel, stride, padding, bias: true }, x);
    x = builder.activation(`features.${at + 1}`, 'relu', x);
    if (halves) x = builder.add(`features.${at + 2}`, { op: 'maxPool', kernel: 3, stride: 2, padding: 0 }, x);
  }
  x = builder.add('avgpool', { op: 'adaptiveAveragePool', height: 6, width: 6 }, x);
  x = builder.add('flatten', { op: 'flatten' }, x);
  for (const at of [1, 4]) {
    x = builder.add(`classifier.${at}`, { op: 'linear', units: spec.features, bias: true }, x);
    x = builder.activation(`classifier.${at + 1}`, 'relu', x);
  }
  builder.head(spec.classes, x);
  const rows = [...convolutions.map(([at]) => `features.${at}`), 'classifier.1', 'classifier.4', 'head'];
  return { name: spec.name, input: spec.input, nodes: builder.nodes, blocks: rows.map((path) => ({ path, members: [path] })), initial: { kernels: 'torch' } };
}
