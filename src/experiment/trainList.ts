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

/** Undefined when no row has this path. The change is empty when the row already is as asked. */
export function changeOf(network: Network, patterns: readonly string[], path: string, frozen: boolean): ListChange | undefined {
  const tree = freezeTree(network), chain = chainTo(tree, path);
  if (chain === undefined) return undefined;
  const covers = patterns.map((pattern) => matchPatterns(network, [pattern]).trained);
  return frozen ? freeze(tree, patterns, covers, new Set(chain[0]!.parameters)) : thaw(patterns, covers, chain);
}

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
