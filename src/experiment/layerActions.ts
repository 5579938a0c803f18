import { type FreezeRow, headPath } from '../backbones/freezeTree.ts';
import type { Tick } from './trainList.ts';

/** What the commands of the layer tree mean, as ticks that setTraining writes as one edit. */

/** This row and all behind it, up to the head, train; what lies below stays as it is. */
export const trainFromHere = (tree: readonly FreezeRow[], path: string): readonly Tick[] => ticksOf(divided(tree, path).from, true);

/** All before this row is frozen; it and what lies above stay as they are. */
export const freezeBelow = (tree: readonly FreezeRow[], path: string): readonly Tick[] => ticksOf(divided(tree, path).below, false);

/** Both: a freeze cut, as predictions of cost mean it. */
export const cutAt = (tree: readonly FreezeRow[], path: string): readonly Tick[] => [...trainFromHere(tree, path), ...freezeBelow(tree, path)];

export const onlyHead = (tree: readonly FreezeRow[]): readonly Tick[] => cutAt(tree, headPath);

/** Several rows of a selection alike; a row below another that is selected too is already meant by it. */
export const tickAll = (paths: readonly string[], trains: boolean): readonly Tick[] =>
  paths.filter((path) => !paths.some((other) => path.startsWith(`${other}.`))).map((path) => ({ path, trains }));

/** The row nearest to the input, of those selected. */
export const lowestOf = (tree: readonly FreezeRow[], paths: readonly string[]): string | undefined => {
  for (const row of tree) {
    const found = paths.includes(row.path) ? row.path : lowestOf(row.children, paths);
    if (found !== undefined) return found;
  }
  return undefined;
};

const ticksOf = (rows: readonly FreezeRow[], trains: boolean): readonly Tick[] => rows.map(({ path }) => ({ path, trains }));

/** The fewest rows that hold what lies before a row, and those that hold it and what follows. */
function divided(rows: readonly FreezeRow[], path: string): { readonly below: readonly FreezeRow[]; readonly from: readonly FreezeRow[] } {
  const at = rows.findIndex((row) => row.path === path || path.startsWith(`${row.path}.`)), row = rows[at];
  if (!row || row.path === path) return { below: rows.slice(0, Math.max(0, at)), from: at < 0 ? [] : rows.slice(at) };
  const inner = divided(row.children, path);
  return { below: [...rows.slice(0, at), ...inner.below], from: [...inner.from, ...rows.slice(at + 1)] };
}
