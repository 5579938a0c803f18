import { Bug } from '../base/bug.ts';
import type { Network, Node, Op } from './op.ts';
import type { TensorData, Weights } from './tensorData.ts';

/**
 * The same function with each batch norm that follows a convolution folded into it, for forward passes on stored
 * statistics: w' = w · γ / √(σ² + ε), b' = β + (b − μ) · γ / √(σ² + ε). The joint convolution takes the batch norm's
 * name, so that whoever reads its output still finds it; a convolution whose output is read elsewhere too stays.
 */
export function foldBatchNorm(network: Network, weights: Weights): { network: Network; weights: Weights } {
  const byName = new Map(network.nodes.map((node) => [node.name, node]));
  const readers = readerCounts(network);
  const folded = new Map(weights), gone = new Set<string>();
  const nodes = network.nodes.map((node) => {
    const conv = byName.get(node.inputs[0]!);
    if (node.op.op !== 'batchNorm' || !conv || !isConv(conv.op) || readers.get(conv.name) !== 1) return node;
    gone.add(conv.name);
    foldInto(folded, conv.name, node.name, node.op.epsilon);
    return { name: node.name, op: { ...conv.op, bias: true }, inputs: conv.inputs } satisfies Node;
  });
  return { network: { ...network, nodes: nodes.filter(({ name }) => !gone.has(name)) }, weights: folded };
}

const isConv = (op: Op): op is Op<'conv' | 'depthwiseConv'> => op.op === 'conv' || op.op === 'depthwiseConv';

function readerCounts({ nodes }: Network): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const name of nodes.flatMap(({ inputs }) => inputs)) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

function foldInto(weights: Map<string, TensorData>, conv: string, norm: string, epsilon: number): void {
  const take = (name: string): TensorData => {
    const tensor = weights.get(name);
    if (!tensor) throw new Bug(`no weights "${name}" to fold`);
    weights.delete(name);
    return tensor;
  };
  const kernel = take(`${conv}.weight`), bias = weights.get(`${conv}.bias`)?.data;
  weights.delete(`${conv}.bias`);
  const [gamma, beta, mean, variance] = ['weight', 'bias', 'running_mean', 'running_var'].map((part) => take(`${norm}.${part}`).data);
  const factors = gamma!.map((scale, i) => scale / Math.sqrt(variance![i]! + epsilon));
  const perFilter = kernel.data.length / factors.length; // both kinds of kernel have filters first
  weights.set(`${norm}.weight`, { shape: kernel.shape, data: kernel.data.map((w, i) => w * factors[Math.floor(i / perFilter)]!) });
  weights.set(`${norm}.bias`, { shape: [factors.length], data: factors.map((f, i) => beta![i]! + ((bias?.[i] ?? 0) - mean![i]!) * f) });
}
