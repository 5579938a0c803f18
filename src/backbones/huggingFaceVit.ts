import type { Network } from './op.ts';
import { visionTransformer, type VisionTransformer } from './visionTransformer.ts';
import type { SameName } from './weightNames.ts';

/** What of transformers' ViTConfig decides how the network is built; its other fields must have their defaults (GELU, biases). */
export interface VitConfig {
  /** Of the images that its positions were made for, in pixels. */
  readonly image_size: number;
  readonly patch_size: number;
  readonly hidden_size: number;
  readonly num_hidden_layers: number;
  readonly num_attention_heads: number;
  readonly intermediate_size: number;
  readonly layer_norm_eps: number;
}

/** transformers' ViTForImageClassification: timm's network but for separate queries, keys and values, and its epsilon. */
export function huggingFaceVit(config: VitConfig, own: Pick<VisionTransformer, 'name' | 'input' | 'classes'>): Network {
  const side = Math.floor(config.image_size / config.patch_size);
  return visionTransformer({
    ...own, patch: config.patch_size, width: config.hidden_size, depth: config.num_hidden_layers, heads: config.num_attention_heads,
    hidden: config.intermediate_size, epsilon: config.layer_norm_eps, registers: 0,
    positions: { grid: [side, side], antialias: false, ofAllTokens: true }, fusedQkv: false, pooling: 'class',
  });
}

const block: readonly SameName[] = [
  ['layernorm_before', 'norm1'],
  ['attention.attention.query', 'attn.q'], ['attention.attention.key', 'attn.k'], ['attention.attention.value', 'attn.v'],
  ['attention.output.dense', 'attn.proj'],
  ['layernorm_after', 'norm2'],
  ['intermediate.dense', 'mlp.fc1'],
  ['output.dense', 'mlp.fc2'],
];

const model: readonly SameName[] = [
  ['embeddings.cls_token', 'cls_token'],
  ['embeddings.position_embeddings', 'pos_embed'],
  ['embeddings.patch_embeddings.projection', 'patch_embed.proj'],
  ...block.map(([source, ours]) => [`encoder.layer.*.${source}`, `blocks.*.${ours}`] as const),
  ['layernorm', 'norm'],
];

/** Its parameters' names, with a classifier and without. */
export const vitNames: readonly SameName[] = ['vit.', ''].flatMap((prefix) => model.map(([source, ours]) => [prefix + source, ours] as const));
