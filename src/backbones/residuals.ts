import type { Network } from './op.ts';
import { parametersOf } from './parameters.ts';

export interface Residual {
  /** The addition that closes it; its first input is the branch, its second the shortcut. */
  readonly add: string;
  /** Nodes that only the branch goes through. */
  readonly branch: ReadonlySet<string>;
}

/** Residual blocks from input to head (He et al. 2016): every `add`. */
export function residualsOf({ nodes }: Network): readonly Residual[] {
  const inputsOf = new Map(nodes.map(({ name, inputs }) => [name, inputs]));
  const before = (name: string, without: ReadonlySet<string>): Set<string> => {
    const found = new Set<string>();
    for (const open = [name]; open.length > 0;) {
      const next = open.pop()!;
      if (next === 'input' || found.has(next) || without.has(next)) continue;
      found.add(next);
      open.push(...inputsOf.get(next) ?? []);
    }
    return found;
  };
  return nodes.filter(({ op }) => op.op === 'add').map(({ name, inputs: [branch, shortcut] }) =>
    ({ add: name, branch: before(branch!, before(shortcut!, new Set())) }));
}

/**
 * Stochastic depth (Huang et al. 2016, arXiv:1603.09382): residual block → share of rows that skip its branch, rising
 * linearly to `share` at the last one. Blocks of which nothing trains are left out. trainable: parameter names.
 */
export function dropPathShares(network: Network, trainable: ReadonlySet<string>, share: number): ReadonlyMap<string, number> {
  const trains = new Set(parametersOf(network).filter(({ name }) => trainable.has(name)).map(({ node }) => node)), residuals = residualsOf(network);
  return new Map(share === 0 ? [] : residuals.flatMap(({ add, branch }, i) =>
    [...branch].some((node) => trains.has(node)) ? [[add, share * (i + 1) / residuals.length] as const] : []));
}
