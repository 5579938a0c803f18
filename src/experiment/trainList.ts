import { matchPatterns } from '../backbones/freezePlan.ts';
import { freezeTree } from '../backbones/freezeTree.ts';
import type { FreezeRow } from '../backbones/freezeTree.ts';
import type { Network } from '../backbones/op.ts';

/**
 * What becomes of a `train` list when one row of the layer tree is ticked or unticked: as few of its patterns as
 * possible change, and those that do say the same about every other layer.
 */
export interface ListChange {
  /** For each pattern of the list what stands in its place: itself (kept), others (split, merged), nothing (taken out). */
  readonly instead: readonly (readonly string[])[];
  /** New patterns after the last. */
  readonly appended: readonly string[];
}

/** A row of the layer tree that is to train, or to be frozen. */
export interface Tick {
  readonly path: string;
  readonly trains: boolean;
}

/** The list that a change makes of one. */
export const changedList = ({ instead, appended }: ListChange): readonly string[] => [...instead.flat(), ...appended];

/** All ticks, one after another, as one change: empty when every row already is as asked. A path that no row has comes back as itself. */
export function changeOf(network: Network, patterns: readonly string[], ticks: readonly Tick[]): ListChange | string {
  const tree = freezeTree(network), known = new Map<string, ReadonlySet<string>>();
  const coverOf = (pattern: string): ReadonlySet<string> => {
    const names = known.get(pattern) ?? matchPatterns(network, [pattern]).trained;
    known.set(pattern, names);
    return names;
  };
  let change: ListChange = { instead: patterns.map((pattern) => [pattern]), appended: [] };
  for (const { path, trains } of ticks) {
    const chain = chainTo(tree, path);
    if (chain === undefined) return path;
    const now = changedList(change), covers = now.map(coverOf);
    change = followedBy(change, trains ? thaw(now, covers, [...chain, rootOf(tree)]) : freeze(tree, now, covers, new Set(chain[0]!.parameters)));
  }
  return change;
}

/** `next` is about the list that `change` makes. */
function followedBy({ instead, appended }: ListChange, next: ListChange): ListChange {
  let at = 0;
  const nextOf = (names: readonly string[]): readonly string[] => names.flatMap(() => next.instead[at++]!);
  return { instead: instead.map(nextOf), appended: [...nextOf(appended), ...next.appended] };
}

/** Stands for the whole network. */
const rootOf = (tree: readonly FreezeRow[]): FreezeRow =>
  ({ path: 'all', parameters: tree.flatMap(({ parameters }) => parameters), parameterCount: 0, children: tree });

/** Every pattern that covers some of the row is replaced by rows for the rest of what it covers. */
function freeze(tree: readonly FreezeRow[], patterns: readonly string[], covers: readonly ReadonlySet<string>[], row: ReadonlySet<string>): ListChange {
  const touched = covers.map((names) => [...names].some((name) => row.has(name)));
  const said = new Set(covers.flatMap((names, i) => touched[i] ? [] : [...names]));
  const instead = patterns.map((pattern, i) => {
    if (!touched[i]) return [pattern];
    const rest = new Set([...covers[i]!].filter((name) => !row.has(name) && !said.has(name)));
    for (const name of rest) said.add(name);
    return tree.flatMap((top) => rowsOf(top, rest));
  });
  return { instead, appended: [] };
}

/** The row joins the list; a parent whose every layer trains now stands for its children. */
function thaw(patterns: readonly string[], covers: readonly ReadonlySet<string>[], chain: readonly FreezeRow[]): ListChange {
  const kept = patterns.map((pattern) => [pattern]);
  const trained = new Set(covers.flatMap((names) => [...names])), row = chain[0]!;
  if (row.parameters.every((name) => trained.has(name))) return { instead: kept, appended: [] };

  for (const name of row.parameters) trained.add(name);
  const whole = chain.filter(({ parameters }) => parameters.every((name) => trained.has(name))).at(-1)!;
  const within = new Set(whole.parameters);
  const absorbed = covers.map((names) => names.size > 0 && [...names].every((name) => within.has(name)));
  const first = absorbed.indexOf(true);
  if (first < 0) return { instead: kept, appended: [whole.path] };
  return { instead: kept.map((same, i) => i === first ? [whole.path] : absorbed[i] ? [] : same), appended: [] };
}

/** Fewest rows (and, below layers, parameters) at and below `row` that make up those of its parameters that are in `names`. */
function rowsOf(row: FreezeRow, names: ReadonlySet<string>): readonly string[] {
  const inside = row.parameters.filter((name) => names.has(name));
  if (inside.length === 0) return [];
  if (inside.length === row.parameters.length) return [row.path];
  return row.children.length > 0 ? row.children.flatMap((child) => rowsOf(child, names)) : inside;
}

/** The row at `path` and its parents, innermost first. */
function chainTo(rows: readonly FreezeRow[], path: string): readonly FreezeRow[] | undefined {
  for (const row of rows) {
    if (row.path === path) return [row];
    const below = chainTo(row.children, path);
    if (below) return [...below, row];
  }
  return undefined;
}
