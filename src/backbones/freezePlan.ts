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
  const matches = patterns.map((pattern) => ({ pattern, names: known(network, pattern).names }));
  return {
    trained: new Set(matches.flatMap(({ names }) => names)),
    unmatched: matches.filter(({ names }) => names.length === 0).map(({ pattern }) => {
      const { suggestion } = known(network, pattern);
      return { pattern, ...(suggestion !== undefined && { suggestion }) };
    }),
  };
}

interface Known {
  /** Of the parameters that the pattern covers. */
  readonly names: readonly string[];
  /** Where it covers none: what was probably meant. */
  readonly suggestion: string | undefined;
}

function known(network: Network, pattern: string): Known {
  const ofNetwork = knowledge.get(network) ?? new Map<string, Known>();
  knowledge.set(network, ofNetwork);
  let found = ofNetwork.get(pattern);
  if (found === undefined) {
    const covers = coverage(pattern);
    const names = filledBlocks(network).flatMap(({ path, parameters }) => parameters.filter(({ name }) => covers(name) || covers(path)).map(({ name }) => name));
    found = { names, suggestion: names.length > 0 ? undefined : suggest(pattern, patternNames(network)) };
    if (ofNetwork.size >= mostKept) ofNetwork.clear();
    ofNetwork.set(pattern, found);
  }
  return found;
}

/** Trees, problems and hovers ask for the same few patterns at each keystroke; a suggestion looks at hundreds of names. */
const knowledge = new WeakMap<Network, Map<string, Known>>(), mostKept = 1000;

function coverage(pattern: string): (name: string) => boolean {
  if (pattern === 'all') return () => true;
  const escaped = pattern.split(/\*+/).map((part) => part.replace(/[\\^$.+?()[\]{}|]/g, '\\$&')).join('[^.]*');
  const form = new RegExp(`^${escaped}(\\.|$)`);
  return (name) => form.test(name);
}

/** Every pattern without a wildcard that a person may mean, from the tree's top rows down: for completion and suggestions. */
export function patternNames(network: Network): readonly string[] {
  const rows = freezeTree(network), names = ['all'];
  for (let level: readonly FreezeRow[] = rows; level.length > 0; level = level.flatMap(({ children }) => children)) {
    names.push(...level.map(({ path }) => path));
  }
  return names;
}
