import type { Network } from './op.ts';
import { visionTransformer, type VisionTransformer } from './visionTransformer.ts';
import type { SameName } from './weightNames.ts';

/** What of transformers' Dinov2Config decides how the network is built; its other fields must have their defaults (GELU, biases, no SwiGLU). */
export interface Dinov2Config {
  /** Of the images that its positions were made for, in pixels. */
  readonly image_size: number;
  readonly patch_size: number;
  readonly hidden_size: number;
  readonly num_hidden_layers: number;
  readonly num_attention_heads: number;
  readonly mlp_ratio: number;
  readonly layerscale_value: number;
  /** Left out: 1e-6. */
  readonly layer_norm_eps?: number;
}

/**
 * transformers' Dinov2ForImageClassification: timm's network but for separate queries, keys and values, positions resized
 * without antialias, and a head that sees the class token beside the mean of the patches.
 */
export function huggingFaceDinov2(config: Dinov2Config, own: Pick<VisionTransformer, 'name' | 'input' | 'classes'>): Network {
  const side = config.image_size / config.patch_size;
  return visionTransformer({
    ...own, patch: config.patch_size, width: config.hidden_size, depth: config.num_hidden_layers, heads: config.num_attention_heads,
    hidden: config.mlp_ratio * config.hidden_size, layerScale: config.layerscale_value, epsilon: config.layer_norm_eps ?? 1e-6, registers: 0,
    positions: { grid: [side, side], antialias: false, ofAllTokens: true }, fusedQkv: false, pooling: 'classAndMean',
  });
}

const dinov2Block: readonly SameName[] = [
  ['norm1', 'norm1'],
  ['attention.q_proj', 'attn.q'], ['attention.attention.query', 'attn.q'],
  ['attention.k_proj', 'attn.k'], ['attention.attention.key', 'attn.k'],
  ['attention.v_proj', 'attn.v'], ['attention.attention.value', 'attn.v'],
  ['attention.o_proj', 'attn.proj'], ['attention.output.dense', 'attn.proj'],
  ['layer_scale1.lambda1', 'ls1.gamma'],
  ['norm2', 'norm2'],
  ['mlp', 'mlp'],
  ['layer_scale2.lambda1', 'ls2.gamma'],
];

const dinov2Model: readonly SameName[] = [
  ['embeddings.cls_token', 'cls_token'],
  ['embeddings.position_embeddings', 'pos_embed'],
  ['embeddings.patch_embeddings.projection', 'patch_embed.proj'],
  ...dinov2Block.map(([source, ours]) => [`encoder.layer.*.${source}`, `blocks.*.${ours}`] as const),
  ['layernorm', 'norm'],
];

/** Its parameters' names, as transformers 5 writes them and, longer ones in attention, 4 did; with a classifier, then without. */
export const dinov2Names: readonly SameName[] = ['dinov2.', ''].flatMap((prefix) => dinov2Model.map(([source, ours]) => [prefix + source, ours] as const));
