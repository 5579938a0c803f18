import { filledBlocks } from './blocks.ts';
import type { Network } from './op.ts';
import type { Parameter } from './parameters.ts';

/** One row of the layer tree: a block, a group within it, or a layer. */
export interface FreezeRow {
  /** A freeze pattern that matches exactly this row: `stem`, `blocks.5`, `blocks.5.0.conv_pw`. */
  readonly path: string;
  /** Names of its parameters; a parent has those of all its children. */
  readonly parameters: readonly string[];
  /** Values in them. */
  readonly parameterCount: number;
  /** Empty: a layer. */
  readonly children: readonly FreezeRow[];
}

/** The row of the new classifier, in every network. */
export const headPath = 'head';

/** Blocks from input to head, each down to its layers by the dots of their names. */
export function freezeTree(network: Network): readonly FreezeRow[] {
  const known = trees.get(network) ?? filledBlocks(network).map(({ path, members, parameters }) =>
    row(path, parameters, members.length === 1 && members[0] === path)); // several layers under one name train as one
  trees.set(network, known);
  return known;
}

/** A network never changes, and it is asked for at each keystroke. */
const trees = new WeakMap<Network, readonly FreezeRow[]>();

function row(path: string, parameters: readonly Parameter[], divisible: boolean): FreezeRow {
  return {
    path,
    parameters: parameters.map(({ name }) => name),
    parameterCount: parameters.reduce((sum, { size }) => sum + size, 0),
    children: divisible ? childrenOf(path, parameters) : [],
  };
}

function childrenOf(path: string, parameters: readonly Parameter[]): FreezeRow[] {
  const below = new Map<string, Parameter[]>();
  for (const parameter of parameters) {
    const segment = parameter.node.slice(path.length + 1).split('.')[0]!;
    if (segment === '') return []; // the row is a layer itself
    const child = `${path}.${segment}`;
    below.set(child, [...below.get(child) ?? [], parameter]);
  }
  return [...below].map(([child, own]) => row(child, own, true));
}

/** The layers of a row: itself when it has no children. */
export const layersOf = (row: FreezeRow): readonly FreezeRow[] =>
  row.children.length === 0 ? [row] : row.children.flatMap(layersOf);

/** "2 of 5 train": layers of a row with a parameter that trains, and all of them. */
export function trainingShare(row: FreezeRow, trained: ReadonlySet<string>): { readonly training: number; readonly layers: number } {
  const layers = layersOf(row);
  return { training: layers.filter(({ parameters }) => parameters.some((name) => trained.has(name))).length, layers: layers.length };
}

/** Values in the layers of a row that train. */
export function trainedParameters(row: FreezeRow, trained: ReadonlySet<string>): number {
  return layersOf(row).reduce((sum, { parameters, parameterCount }) => parameters.some((name) => trained.has(name)) ? sum + parameterCount : sum, 0);
}
