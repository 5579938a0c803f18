/**
 * The work by which engines are compared: what the plan itself trains, on a few samples. Where a single sample would take
 * too long, the end of it: the longest stretch before the output that fits. A head alone is timed as a head alone.
 */
import { splitAt } from '../backbones/boundary.ts';
import { filledBlocks } from '../backbones/blocks.ts';
import { cutCost, stepFlops, type CutCost } from '../backbones/cost.ts';
import type { Network, Node, Op } from '../backbones/op.ts';
import { parametersOf } from '../backbones/parameters.ts';

export interface TimedPart {
  readonly network: Network;
  /** Names of parameters, never none. */
  readonly trained: readonly string[];
  readonly bnStatistics: 'stored' | 'batch';
  readonly samples: number;
  /** "blocks.5 to head of efficientnet_lite0, 8 samples". */
  readonly title: string;
}

/** Forward and backward, all samples: about half a second of WebAssembly on one core. Parameters take up to 16 bytes each, for weight, gradient and moments, and time to fill. */
const mostFlops = 2.5e9, mostParameters = 32e6;

/** `batch`: the plan's own. */
export function timedPartOf(network: Network, trainable: ReadonlySet<string>, bnStatistics: TimedPart['bnStatistics'], batch: number): TimedPart {
  const inOrder = parametersOf(network).filter(({ name }) => trainable.has(name)).map(({ name }) => name);
  const costWithout = (first: number): CutCost => cutCost(network, new Set(inOrder.slice(first)));
  const isLittle = (cost: CutCost): boolean =>
    stepFlops(cost) <= mostFlops && parametersOf(splitAt(network, cost.boundary).suffix).reduce((sum, { size }) => sum + size, 0) <= mostParameters;
  let fits = inOrder.length - 1; // the last parameter is always timed
  for (let low = 0; low < fits;) {
    const middle = (low + fits) >> 1;
    if (isLittle(costWithout(middle))) fits = middle;
    else low = middle + 1;
  }
  const trained = inOrder.slice(fits), samples = Math.max(1, Math.min(batch, Math.floor(mostFlops / stepFlops(costWithout(fits)))));
  return { network, trained, bnStatistics, samples, title: titleOf(network, trained, samples) };
}

/**
 * Are its ops long enough for several threads? Waking them and waiting for the last takes some 20 µs each time, on a busy
 * machine milliseconds: a tenth of a millisecond of work, on the average. A head alone is far below.
 */
export function worthThreads({ network, trained, samples }: TimedPart): boolean {
  const cost = cutCost(network, new Set(trained));
  return samples * stepFlops(cost) > 1e6 * (cost.forward.nodes + cost.backward.nodes);
}

function titleOf(network: Network, trained: readonly string[], samples: number): string {
  const names = new Set(trained), blocks = filledBlocks(network).filter(({ parameters }) => parameters.some(({ name }) => names.has(name)));
  const first = blocks[0]!.path, last = blocks.at(-1)!.path;
  return `${first === last ? first : `${first} to ${last}`} of ${network.name}, ${samples} ${samples === 1 ? 'sample' : 'samples'}`;
}

const width = 112, expansion = 6;

const node = (name: string, op: Op, ...inputs: string[]): Node => ({ name, op, inputs });

function block(name: string, input: string): Node[] {
  const conv = (filters: number): Op => ({ op: 'conv', filters, kernel: 1, stride: 1, padding: 'same', groups: 1, bias: false });
  const norm: Op = { op: 'batchNorm', epsilon: 1e-3, momentum: 0.01 };
  return [
    node(`${name}.expand`, conv(width * expansion), input), node(`${name}.bn1`, norm, `${name}.expand`), node(`${name}.relu1`, { op: 'relu6' }, `${name}.bn1`),
    node(`${name}.depthwise`, { op: 'depthwiseConv', kernel: 5, stride: 1, padding: 'same', bias: false }, `${name}.relu1`),
    node(`${name}.bn2`, norm, `${name}.depthwise`), node(`${name}.relu2`, { op: 'relu6' }, `${name}.bn2`),
    node(`${name}.project`, conv(width), `${name}.relu2`), node(`${name}.bn3`, norm, `${name}.project`),
    node(name, { op: 'add' }, `${name}.bn3`, input),
  ];
}

const usual: Network = {
  name: 'two residual blocks',
  input: [14, 14, width],
  nodes: [
    ...block('first', 'input'), ...block('second', 'first'),
    node('average', { op: 'globalAveragePool' }, 'second'),
    node('head', { op: 'linear', units: 10, bias: true }, 'average'),
  ],
};

/** Where there is no plan: two inverted residual blocks of EfficientNet-Lite0 (stage 5) and a head, about 2.5 GFLOP. */
export const usualPart: TimedPart = {
  network: usual, bnStatistics: 'batch', samples: 8, title: 'two residual blocks and a head, 8 samples',
  trained: parametersOf(usual).filter(({ buffer }) => !buffer).map(({ name }) => name),
};
