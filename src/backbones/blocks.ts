import { Bug } from '../base/bug.ts';
import type { Block, Network } from './op.ts';
import { parametersOf } from './parameters.ts';
import type { Parameter } from './parameters.ts';

/** A block with the parameters (no buffers) that it holds. */
export interface FilledBlock extends Block {
  readonly parameters: readonly Parameter[];
}

/** The network's blocks from input to head; every parameter is in exactly one. */
export function filledBlocks(network: Network): readonly FilledBlock[] {
  const known = filled.get(network) ?? fill(network);
  filled.set(network, known);
  return known;
}

/** A network never changes, and trees, patterns and problems ask for its blocks at each keystroke. */
const filled = new WeakMap<Network, readonly FilledBlock[]>();

function fill(network: Network): readonly FilledBlock[] {
  const parameters = parametersOf(network).filter(({ buffer }) => !buffer);
  const blocks = (network.blocks ?? firstSegments(parameters)).map((block) =>
    ({ ...block, parameters: parameters.filter(({ node }) => block.members.some((member) => isWithin(node, member))) }));
  const held = blocks.flatMap((block) => block.parameters);
  if (held.length !== parameters.length || new Set(held).size !== held.length) {
    throw new Bug(`the blocks of ${network.name} hold ${new Set(held).size} of ${parameters.length} parameters, ${held.length} with repeats`);
  }
  return blocks.filter((block) => block.parameters.length > 0);
}

/** Parameter → blocks between its own and the last one: 0 for the head. What layer decay counts. */
export function headDistances(network: Network): ReadonlyMap<string, number> {
  const blocks = filledBlocks(network);
  return new Map(blocks.flatMap(({ parameters }, i) => parameters.map(({ name }) => [name, blocks.length - 1 - i])));
}

/** Block → its last node, for blocks with any of `parameters`; batch norms may be computed with what follows and are passed over. */
export function blockEnds(network: Network, parameters: ReadonlySet<string>): ReadonlyMap<string, string> {
  const blocks = filledBlocks(network).filter((block) => block.parameters.some(({ name }) => parameters.has(name)));
  return new Map(blocks.flatMap(({ path, members }) => {
    const end = network.nodes.findLast(({ name, op }) => op.op !== 'batchNorm' && members.some((member) => isWithin(name, member)));
    return end ? [[path, end.name] as const] : [];
  }));
}

/** Whether a dotted name is `prefix` or lies below it: `blocks.10` is not within `blocks.1`. */
export const isWithin = (name: string, prefix: string): boolean => name === prefix || name.startsWith(`${prefix}.`);

const firstSegments = (parameters: readonly Parameter[]): Block[] =>
  [...new Set(parameters.map(({ node }) => node.split('.')[0]!))].map((path) => ({ path, members: [path] }));
