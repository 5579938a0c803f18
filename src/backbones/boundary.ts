import { Bug } from '../base/bug.ts';
import { onceEach } from '../base/onceEach.ts';
import type { Network } from './op.ts';
import { parametersOf } from './parameters.ts';
import { shapesOf } from './shapes.ts';

/**
 * The freeze boundary: the latest node before and at which nothing trains, and past which nothing else is needed from
 * before it; `input` when the first layer trains. Never inside a residual: there two tensors would cross the cut.
 * trainable: parameter names.
 */
export function freezeBoundary(network: Network, trainable: ReadonlySet<string>): string {
  const trains = new Set(parametersOf(network).filter(({ name }) => trainable.has(name)).map(({ node }) => node));
  const firstTrained = network.nodes.findIndex(({ name }) => trains.has(name));
  const frozen = firstTrained === -1 ? network.nodes.length : firstTrained;
  const cut = singleCuts(network).findLast((each) => each <= frozen);
  return cut === undefined ? 'input' : network.nodes[cut - 1]!.name;
}

/** Numbers of nodes after which only the last of them is read. */
export const singleCuts = onceEach(({ nodes }: Network): readonly number[] => {
  const lastRead = new Map(nodes.flatMap(({ inputs }, i) => inputs.map((name) => [name, i] as const)));
  const cuts: number[] = [];
  let needed = lastRead.get('input') ?? -1; // the last node that reads what lies before the one at the cut
  for (const [i, { name }] of nodes.entries()) {
    if (needed <= i) cuts.push(i + 1);
    needed = Math.max(needed, lastRead.get(name) ?? -1);
  }
  return cuts;
});

/**
 * The network up to and including `boundary`, and the rest of it, which reads the prefix's output as its `input`.
 * With boundary `input` the prefix has no nodes.
 */
export function splitAt(network: Network, boundary: string): { prefix: Network; suffix: Network } {
  const cut = network.nodes.findIndex(({ name }) => name === boundary) + 1;
  const shape = shapesOf(network).get(boundary);
  if (!shape) throw new Bug(`${network.name} has no node "${boundary}"`);
  const suffix = network.nodes.slice(cut).map((node) => ({ ...node, inputs: node.inputs.map((name) => name === boundary ? 'input' : name) }));
  return {
    prefix: { ...network, nodes: network.nodes.slice(0, cut) },
    suffix: { ...network, input: shape, nodes: suffix },
  };
}
