import type { Weights } from './tensorData.ts';

/** A name, or the dotted beginning of several, in a library's file and here. `*` stands for one segment, a block's number. */
export type SameName = readonly [source: string, ours: string];

/**
 * A file's classifier (`classifier.weight`) → our `head.weight`. Our other names are timm's: what another library calls
 * otherwise is in `sourceNames`, the rest is the same on both sides.
 */
export const fromSourceNames = (weights: Weights, sourceHead: string, sourceNames: readonly SameName[] = []): Weights =>
  renamed(weights, [[sourceHead, 'head'], ...sourceNames]);

/** Our `head.weight` → the library's `classifier.weight`, so that an exported file loads there. Where a library has had two names, the first. */
export const toSourceNames = (weights: Weights, sourceHead: string, sourceNames: readonly SameName[] = []): Weights =>
  renamed(weights, [[sourceHead, 'head'] as const, ...sourceNames].map(([source, ours]) => [ours, source]));

function renamed(weights: Weights, names: readonly SameName[]): Weights {
  const rename = renamer(names);
  return new Map([...weights].map(([name, tensor]) => [rename(name), tensor]));
}

/** From the left side of `names` to the right; the first that fits a name wins. */
export function renamer(names: readonly (readonly [from: string, to: string])[]): (name: string) => string {
  const rules = names.map(([from, to]) => ({ from: new RegExp(`^${from.replaceAll('.', '\\.').replace('*', '([^.]+)')}(?=\\.|$)`), to: to.replace('*', '$1') }));
  return (name) => {
    const rule = rules.find(({ from }) => from.test(name));
    return rule ? name.replace(rule.from, rule.to) : name;
  };
}
