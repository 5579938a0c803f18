/**
 * A backbone that ends after an earlier block, with the head on what that block gives. The last blocks are the source task's
 * own (Yosinski et al. 2014, arXiv:1411.1792); where the target is far from it, earlier features can carry more (Evci et al.
 * 2022, arXiv:2201.03529, who choose among those of all layers; here it is one). What lies above is left out of the network,
 * so that cost, cache, controls and weights follow by themselves. A map is averaged, as before any head. Tokens keep what
 * closes their network, the last norm and the class token: a sum of residuals has no scale of its own, and so DINO reads its
 * earlier blocks (Caron et al. 2021, arXiv:2104.14294, `get_intermediate_layers`).
 */
import { onceEach } from '../base/onceEach.ts';
import { suggest } from '../base/suggest.ts';
import type { Checked, Diagnostic } from '../protocol/diagnostic.ts';
import { filledBlocks } from './blocks.ts';
import { singleCuts } from './boundary.ts';
import type { Architecture } from './card.ts';
import { freezeTree, headPath, type FreezeRow } from './freezeTree.ts';
import { atInputSize } from './inputSize.ts';
import { networkOf } from './networkOf.ts';
import type { Network, Node } from './op.ts';
import { nodesOf } from './parameters.ts';
import { shapesOf } from './shapes.ts';

/** The word for the features of the whole backbone. */
export const lastFeatures = 'last';

/** The backbone as an experiment has it. The same object each time: networks are remembered by it (networkOf.ts). */
export function plannedBackbone<A extends Architecture>(backbone: A, { inputSize, features }: { readonly inputSize: number | 'auto'; readonly features: string }): Checked<A> {
  const fed = atInputSize(backbone, inputSize);
  return fed.ok ? upTo(fed.value, features) : fed;
}

/** The backbone up to a block or a part of one; itself where nothing lies above it. */
export function upTo<A extends Architecture>(backbone: A, path: string): Checked<A> {
  if (path === lastFeatures) return { ok: true, value: backbone, warnings: [] };
  const known = cuts.get(backbone) ?? new Map<string, Checked<Architecture>>(), found = known.get(path) ?? cut(backbone, path);
  cuts.set(backbone, known.set(path, found));
  return found as Checked<A>; // a copy of it but for its network
}

const cuts = new WeakMap<Architecture, Map<string, Checked<Architecture>>>();

function cut(backbone: Architecture, path: string): Checked<Architecture> {
  const whole = networkOf(backbone), end = endOf(whole, path);
  if (end === undefined) return refused(whole, path);
  if (end >= trunkOf(whole)) return { ok: true, value: backbone, warnings: [] };
  const network = networkUpTo(whole, path), [features] = shapesOf(network).get(network.nodes.at(-1)!.inputs[0]!)!;
  return { ok: true, value: { ...backbone, features: features!, whole: backbone, network: (classes, ...sizes) => networkUpTo(backbone.network(classes, ...sizes), path) }, warnings: [] };
}

/** Blocks after which a backbone can end with something left out, from the input upwards. */
export const earlierBlocks = onceEach((network: Network): readonly string[] => {
  const trunk = trunkOf(network);
  return filledBlocks(network).map(({ path }) => path).filter((path) => (endOf(network, path) ?? trunk) < trunk);
});

/**
 * Number of nodes up to the end of a row of the tree: the latest place before other weights at which only one tensor goes on, and
 * that is still a map or tokens where it can be. Undefined: there is no such row, something runs past it (within a residual), or
 * it is of tokens before any attention, whose class token has seen nothing yet.
 */
function endOf(network: Network, path: string): number | undefined {
  const row = rowsOf(network).find((each) => each.path === path);
  if (!row) return undefined;
  const { nodes } = network, nodeOf = nodesOf(network), own = new Set(row.parameters.map((name) => nodeOf.get(name)!)), weighted = new Set(nodeOf.values());
  const last = nodes.findLastIndex(({ name }) => own.has(name)), next = nodes.findIndex(({ name }, i) => i > last && weighted.has(name));
  const rankAt = (place: number): number => shapesOf(network).get(nodes[place - 1]!.name)!.length;
  const fitting = singleCuts(network).filter((place) => place > last && place <= next), end = fitting.findLast((place) => rankAt(place) > 1) ?? fitting.at(-1);
  return end !== undefined && rankAt(end) === 2 && end <= nodes.findIndex(({ op }) => op.op === 'attention') ? undefined : end;
}

/** Of the tree, but the head's. */
function rowsOf(network: Network): readonly FreezeRow[] {
  const all = (rows: readonly FreezeRow[]): readonly FreezeRow[] => rows.flatMap((row) => [row, ...all(row.children)]);
  return all(freezeTree(network).filter(({ path }) => path !== headPath));
}

/** Number of nodes below what closes the whole network: up to its last residual sum where it is of tokens, else to the end of its last block. */
const trunkOf = onceEach((network: Network): number => isOfTokens(network) ? 1 + network.nodes.findLastIndex(({ op }) => op.op === 'add') : endOf(network, filledBlocks(network).at(-2)!.path)!);

const isOfTokens = ({ nodes }: Network): boolean => nodes.some(({ op }) => op.op === 'attention');

/** Up to the end of a row of its tree, under its own head. */
export function networkUpTo(network: Network, path: string): Network {
  const { nodes } = network, below = nodes.slice(0, endOf(network, path)), end = below.at(-1)!.name;
  return { ...network, name: `${network.name} to ${path}`, nodes: [...below, ...closing(network, end)] };
}

/** What stands on the node `end`: the whole network's own tokens, or a mean over the map, under the head. */
function closing(network: Network, end: string): readonly Node[] {
  const { nodes } = network, trunk = trunkOf(network), from = nodes[trunk - 1]!.name, head = nodes.at(-1)!;
  if (isOfTokens(network)) return nodes.slice(trunk).map((node) => ({ ...node, inputs: node.inputs.map((name) => name === from ? end : name) }));
  if (shapesOf(network).get(end)!.length === 1) return [{ ...head, inputs: [end] }];
  return [{ name: 'pooled', op: { op: 'globalAveragePool' }, inputs: [end] }, { ...head, inputs: ['pooled'] }];
}

function refused(network: Network, path: string): Checked<never> {
  const { name } = network, rows = rowsOf(network).map((row) => row.path), names = rows.filter((row) => endOf(network, row) !== undefined), shown = JSON.stringify(path.slice(0, 80));
  const within = path.split('.').map((_, i, parts) => parts.slice(0, i).join('.')).findLast((each) => names.includes(each)), isThere = rows.includes(path);
  const near = isThere ? within ?? names[0] : suggest(path.slice(0, 80), [lastFeatures, ...names]);
  const problem: Diagnostic = {
    severity: 'error',
    ...isThere ? { code: 'out-of-range', message: `${name} cannot end after ${shown}: ${isOfTokens(network) && within === undefined ? 'its class token has seen nothing by then' : 'a shortcut or a branch runs past it'}` }
      : { code: 'pattern-matches-nothing', message: `no block ${shown} in ${name}` },
    fix: near === undefined ? `write ${lastFeatures}, or one of ${earlierBlocks(network).join(', ')}` : isThere ? `write ${near}` : `did you mean "${near}"?`,
    ...(near !== undefined && { mend: { title: `Write ${near}`, changes: [{ type: 'set', path: 'features', text: near }] } }),
  };
  return { ok: false, errors: [problem], warnings: [] };
}
