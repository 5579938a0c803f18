import { freezeBoundary } from '../backbones/boundary.ts';
import { matchPatterns } from '../backbones/freezePlan.ts';
import { type FreezeRow, trainingShare } from '../backbones/freezeTree.ts';
import type { Network } from '../backbones/op.ts';
import { nodesOf } from '../backbones/parameters.ts';
import type { PreviewBlock } from '../protocol/previewMessages.ts';
import type { StagePlan } from './plan.ts';

/** What a stage does with a row of the layer tree. */
export interface RowFacts extends PreviewBlock {
  /** Something in it trains, and has batch norm: which statistics that uses is a choice of the stage. */
  readonly choosesStatistics: boolean;
}

/** A stage's freeze plan, row by row. */
export interface StageLayers {
  readonly trained: ReadonlySet<string>;
  factsOf(row: FreezeRow): RowFacts;
}

export const hasBatchNorm = ({ nodes }: Network): boolean => nodes.some(({ op }) => op.op === 'batchNorm');

export function stageLayers(network: Network, { train }: Pick<StagePlan, 'train'>): StageLayers {
  const { trained } = matchPatterns(network, train), { nodes } = network, boundary = freezeBoundary(network, trained);
  const cached = new Set(nodes.slice(0, nodes.findIndex(({ name }) => name === boundary) + 1).map(({ name }) => name));
  const batchNorms = new Set(nodes.filter(({ op }) => op.op === 'batchNorm').map(({ name }) => name));
  const nodeOf = nodesOf(network);
  return {
    trained,
    factsOf: (row) => {
      const { training, layers } = trainingShare(row, trained);
      const state = training === layers ? 'trained' : training > 0 ? 'partly' : row.parameters.every((name) => cached.has(nodeOf.get(name)!)) ? 'cached' : 'frozen';
      return { state, training, layers, choosesStatistics: training > 0 && row.parameters.some((name) => batchNorms.has(nodeOf.get(name)!)) };
    },
  };
}
