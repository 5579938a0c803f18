import { NetworkBuilder } from './networkBuilder.ts';
import type { Block, GridResize, Network, Op } from './op.ts';

/**
 * Vision transformers: ViT (Dosovitskiy et al. 2021, arXiv:2010.11929) and DINOv2 (Oquab et al. 2024, arXiv:2304.07193),
 * which adds layer scale and may add registers (Darcet et al. 2024, arXiv:2309.16588). Norms stand before attention and
 * MLP. Node names are timm's, so its weights load as they are; for Hugging Face's DINOv2 see huggingFaceDinov2.ts.
 * Left out: dropout and stochastic depth, SwiGLU (DINOv2's largest model), pooling by attention.
 */
export interface VisionTransformer {
  readonly name: string;
  readonly input: readonly [height: number, width: number, channels: number];
  /** Pixels along a patch's side; those of an image that fill no patch are left out. */
  readonly patch: number;
  readonly width: number;
  readonly depth: number;
  readonly heads: number;
  /** Of the layer within each MLP. */
  readonly hidden: number;
  readonly classes: number;
  /** What layer scales start as; left out: there are none. */
  readonly layerScale?: number;
  /** Tokens besides the class token that stand for no patch. */
  readonly registers: number;
  readonly positions: Positions;
  /** One linear layer for queries, keys and values (`qkv`), or one each (`q`, `k`, `v`). */
  readonly fusedQkv: boolean;
  /** Of the layer norms; left out: 1e-6. */
  readonly epsilon?: number;
  /** What the head sees: the class token, or that beside the mean of the patches. */
  readonly pooling: 'class' | 'classAndMean';
}

export interface Positions {
  /** Patches of the image size that the table was made for; left out: `input`'s. */
  readonly grid?: readonly [height: number, width: number];
  /** Of the filter that resizes it (op.ts GridResize). */
  readonly antialias: boolean;
  /** Whether class token and registers have positions, rows before the grid's. */
  readonly ofAllTokens: boolean;
}

export function visionTransformer(spec: VisionTransformer): Network {
  const builder = new NetworkBuilder();
  const add = (name: string, op: Op, ...inputs: readonly string[]): string => builder.add(name, op, ...inputs);
  const linear = (name: string, units: number, x: string): string => add(name, { op: 'linear', units, bias: true }, x);
  const norm = (name: string, x: string): string => add(name, { op: 'layerNorm', epsilon }, x);
  const scaled = (name: string, x: string): string => spec.layerScale === undefined ? x : add(name, { op: 'scale', initial: spec.layerScale }, x);
  const { width, heads, patch, registers, positions, fusedQkv, epsilon = 1e-6 } = spec;

  const attention = (at: string, x: string): string => {
    const inputs = fusedQkv ? [linear(`${at}.qkv`, 3 * width, x)] : ['q', 'k', 'v'].map((part) => linear(`${at}.${part}`, width, x));
    return linear(`${at}.proj`, width, add(`${at}.values`, { op: 'attention', heads, fused: fusedQkv }, ...inputs));
  };
  const mlp = (at: string, x: string): string =>
    linear(`${at}.fc2`, width, builder.activation(`${at}.act`, 'geluErf', linear(`${at}.fc1`, spec.hidden, x)));

  const prepended = (x: string): string => {
    const behind = registers === 0 ? x : add('reg_token', { op: 'prepend', count: registers }, x);
    return add('cls_token', { op: 'prepend', count: 1 }, behind);
  };
  const grid = resizeOf(spec);
  const positioned = (x: string): string => add('pos_embed', { op: 'addTable', ...grid && { grid } }, x);

  let x = builder.conv('patch_embed.proj', { filters: width, kernel: patch, stride: patch, padding: 0, bias: true }, 'input');
  x = add('patch_embed', { op: 'tokens' }, x);
  x = positions.ofAllTokens ? positioned(prepended(x)) : prepended(positioned(x));
  for (let i = 0; i < spec.depth; i++) {
    const at = `blocks.${i}`;
    x = add(`${at}.add1`, { op: 'add' }, scaled(`${at}.ls1`, attention(`${at}.attn`, norm(`${at}.norm1`, x))), x);
    x = add(`${at}.add2`, { op: 'add' }, scaled(`${at}.ls2`, mlp(`${at}.mlp`, norm(`${at}.norm2`, x))), x);
  }
  x = norm('norm', x);
  if (spec.pooling === 'class') x = add('global_pool', { op: 'takeToken', at: 0 }, x);
  else {
    const patches = add('global_pool.mean', { op: 'meanTokens', skip: 1 + registers }, x);
    x = add('global_pool', { op: 'concat' }, add('global_pool.class', { op: 'takeToken', at: 0 }, x), patches);
  }
  builder.head(spec.classes, x);
  return { name: spec.name, input: spec.input, nodes: builder.nodes, blocks: blocksOf(spec), initial: { kernels: { deviation: 0.02 }, asTorch: ['patch_embed.proj'] } };
}

function resizeOf({ input: [height, width], patch, positions: { grid: from, antialias } }: VisionTransformer): GridResize | undefined {
  const to = [Math.floor(height / patch), Math.floor(width / patch)] as const;
  return !from || String(from) === String(to) ? undefined : { from, to, antialias };
}

const blocksOf = ({ depth, registers }: VisionTransformer): Block[] => [
  { path: 'patch_embed', members: ['patch_embed', ...registers === 0 ? [] : ['reg_token'], 'cls_token', 'pos_embed'] },
  ...Array.from({ length: depth }, (_, i) => ({ path: `blocks.${i}`, members: [`blocks.${i}`] })),
  { path: 'norm', members: ['norm'] },
  { path: 'head', members: ['head'] },
];
