import { suggest } from '../base/suggest.ts';
import { filledBlocks } from './blocks.ts';
import { freezeTree } from './freezeTree.ts';
import type { FreezeRow } from './freezeTree.ts';
import type { Network } from './op.ts';

/** What a list of patterns means for a network. */
export interface Match {
  /** Names of the parameters that train (no buffers). */
  readonly trained: ReadonlySet<string>;
  /** Patterns that match nothing: the caller knows where they stand. */
  readonly unmatched: readonly { readonly pattern: string; readonly suggestion?: string }[];
}

/**
 * Which parameters a stage trains. A pattern is `all`, or the path of a block, layer or parameter, and covers all that
 * lies below it: `blocks.5` has `blocks.5.0.conv_pw.weight`, but nothing of `blocks.50`. `*` stands for any characters but dots.
 */
export function matchPatterns(network: Network, patterns: readonly string[]): Match {
  const named = filledBlocks(network).flatMap(({ path, parameters }) => parameters.map(({ name }) => ({ name, path })));
  const matches = patterns.map((pattern) => {
    const covers = coverage(pattern);
    return { pattern, names: named.filter(({ name, path }) => covers(name) || covers(path)).map(({ name }) => name) };
  });
  return {
    trained: new Set(matches.flatMap(({ names }) => names)),
    unmatched: matches.filter(({ names }) => names.length === 0).map(({ pattern }) => {
      const suggestion = suggest(pattern, patternNames(network));
      return { pattern, ...(suggestion !== undefined && { suggestion }) };
    }),
  };
}

function coverage(pattern: string): (name: string) => boolean {
  if (pattern === 'all') return () => true;
  const escaped = pattern.split(/\*+/).map((part) => part.replace(/[\\^$.+?()[\]{}|]/g, '\\$&')).join('[^.]*');
  const covered = new RegExp(`^${escaped}(\\.|$)`);
  return (name) => covered.test(name);
}

/** Every pattern without a wildcard that a person may mean, from the tree's top rows down: for completion and suggestions. */
export function patternNames(network: Network): readonly string[] {
  const rows = freezeTree(network), names = ['all'];
  for (let level: readonly FreezeRow[] = rows; level.length > 0; level = level.flatMap(({ children }) => children)) {
    names.push(...level.map(({ path }) => path));
  }
  return names;
}
