import { singleCuts } from './boundary.ts';
import type { Network, Node, OpName, Shape } from './op.ts';
import { shapesOf, sizeOf } from './shapes.ts';

/** What each op keeps of one sample until its gradient is through: the tensor that it reads, the one that it gives out, nothing. */
const keeps: Readonly<Record<OpName, readonly ('inputs' | 'output')[]>> = {
  conv: ['inputs'], depthwiseConv: ['inputs'], batchNorm: ['inputs'], relu: ['output'], relu6: ['output'], activation: ['inputs'],
  add: [], multiply: ['inputs'], concat: [], maxPool: ['inputs', 'output'], averagePool: ['inputs'], adaptiveAveragePool: ['inputs'],
  globalAveragePool: ['inputs'], flatten: [], linear: ['inputs'], layerNorm: ['inputs'], scale: ['inputs'], tokens: [], prepend: [],
  addTable: [], padChannels: [], attention: ['inputs', 'output'], takeToken: ['inputs'], meanTokens: ['inputs'],
};

/** By node, float32 values. A tensor that two ops keep is there once, at the node that gave it out; what lies before the network is not counted. */
export function keptValuesOf(network: Network): ReadonlyMap<string, number> {
  const shapes = shapesOf(network);
  const kept = new Set(network.nodes.flatMap(({ name, op, inputs }: Node) => keeps[op.op].flatMap((which) => which === 'output' ? [name] : inputs)));
  return new Map(network.nodes.map(({ name }) => [name, kept.has(name) ? sizeOf(shapes.get(name)!) : 0]));
}

/** A network in pieces, each of which reads only what the one before it gives out, and the values that training it holds. */
export interface Segmentation {
  readonly segments: readonly Network[];
  /** Of one sample: the input of each segment, and what the largest of them keeps while its gradients are computed. */
  readonly heldValues: number;
}

/**
 * Where to cut so that recomputing (engine/segmentedGradients.ts) holds least: segments of about one size, as many as pay.
 * keptBy: values that a node keeps for the gradients, by name.
 */
export function segmented(network: Network, keptBy: ReadonlyMap<string, number>): Segmentation {
  const all = { segments: [network], heldValues: held([network], keptBy) }, total = keptIn(network, keptBy);
  const shapes = shapesOf(network), places = placesToCut(network);
  const others = Array.from({ length: Math.ceil(2 * Math.sqrt(network.nodes.length)) }, (_, i) => inPieces(network, shapes, places, keptBy, total / (i + 2)));
  return others.reduce<Segmentation>((best, segments) => {
    const heldValues = held(segments, keptBy);
    return heldValues < best.heldValues ? { segments, heldValues } : best;
  }, all);
}

const keptIn = ({ nodes }: Network, keptBy: ReadonlyMap<string, number>): number => nodes.reduce((sum, { name }) => sum + keptBy.get(name)!, 0);

const held = (segments: readonly Network[], keptBy: ReadonlyMap<string, number>): number =>
  segments.slice(1).reduce((sum, { input }) => sum + sizeOf(input), 0) + Math.max(...segments.map((segment) => keptIn(segment, keptBy)));

/** Cut at the first place where at least `enough` values have been kept since the last. */
function inPieces(network: Network, shapes: ReadonlyMap<string, Shape>, places: ReadonlySet<number>, keptBy: ReadonlyMap<string, number>, enough: number): readonly Network[] {
  const { nodes } = network, pieces: Network[] = [];
  let from = 0, kept = 0;
  for (let cut = 1; cut <= nodes.length; cut++) {
    kept += keptBy.get(nodes[cut - 1]!.name)!;
    if (cut < nodes.length && (kept < enough || !places.has(cut))) continue;
    const before = nodes[from - 1]?.name;
    pieces.push({
      ...network, input: before === undefined ? network.input : shapes.get(before)!,
      nodes: nodes.slice(from, cut).map((node) => ({ ...node, inputs: node.inputs.map((name) => name === before ? 'input' : name) })),
    });
    from = cut;
    kept = 0;
  }
  return pieces;
}

/** A rectifier stays with the norm before it: the two are one kernel. */
const placesToCut = (network: Network): ReadonlySet<number> =>
  new Set(singleCuts(network).filter((cut) => !['relu', 'relu6'].includes(network.nodes[cut]?.op.op ?? '')));
