/** A network of a dozen nodes with every kind of parameter, for tests of training. */
import { filledBlocks } from '../../src/backbones/blocks.ts';
import type { Network } from '../../src/backbones/op.ts';
import { parametersOf } from '../../src/backbones/parameters.ts';
import type { Weights } from '../../src/backbones/tensorData.ts';
import { rng } from '../../src/base/rng.ts';

const norm = { op: 'batchNorm', epsilon: 1e-3, momentum: 0.1 } as const;

/** 6 × 6 × 3 → stem (2 × fewer pixels) → blocks.0 (a residual) → blocks.1 → head of 3. */
export const tinyNetwork: Network = {
  name: 'tiny', input: [6, 6, 3],
  nodes: [
    { name: 'stem.conv', op: { op: 'conv', filters: 4, kernel: 3, stride: 2, padding: 'same', groups: 1, bias: false }, inputs: ['input'] },
    { name: 'stem.bn', op: norm, inputs: ['stem.conv'] },
    { name: 'stem.act', op: { op: 'relu6' }, inputs: ['stem.bn'] },
    { name: 'blocks.0.conv_dw', op: { op: 'depthwiseConv', kernel: 3, stride: 1, padding: 1, bias: false }, inputs: ['stem.act'] },
    { name: 'blocks.0.bn', op: norm, inputs: ['blocks.0.conv_dw'] },
    { name: 'blocks.0.add', op: { op: 'add' }, inputs: ['blocks.0.bn', 'stem.act'] },
    { name: 'blocks.1.conv', op: { op: 'conv', filters: 5, kernel: 1, stride: 1, padding: 0, groups: 1, bias: true }, inputs: ['blocks.0.add'] },
    { name: 'blocks.1.bn', op: norm, inputs: ['blocks.1.conv'] },
    { name: 'blocks.1.act', op: { op: 'relu' }, inputs: ['blocks.1.bn'] },
    { name: 'pool', op: { op: 'globalAveragePool' }, inputs: ['blocks.1.act'] },
    { name: 'head', op: { op: 'linear', units: 3, bias: true }, inputs: ['pool'] },
  ],
  blocks: [
    { path: 'stem', members: ['stem'] }, { path: 'blocks.0', members: ['blocks.0'] },
    { path: 'blocks.1', members: ['blocks.1'] }, { path: 'head', members: ['head'] },
  ],
};

/** Seeded, none of them 0 or 1, variances positive. */
export function tinyWeights(network: Network = tinyNetwork): Weights {
  const { normal } = rng(1, 'tiny weights');
  return new Map(parametersOf(network).map(({ name, part, shape, size }) =>
    [name, { shape, data: Float32Array.from({ length: size }, () => part === 'running_var' ? 0.5 + Math.abs(normal()) : 0.5 * normal()) }]));
}

/** Parameters (no buffers) of the named blocks. */
export const parametersIn = (...paths: readonly string[]): string[] =>
  filledBlocks(tinyNetwork).filter(({ path }) => paths.includes(path)).flatMap(({ parameters }) => parameters.map(({ name }) => name));
