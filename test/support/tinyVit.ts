/** A vision transformer with every kind of parameter that they have: two blocks, class token and register, layer scale, resized positions. */
import type { Network } from '../../src/backbones/op.ts';
import { visionTransformer, type VisionTransformer } from '../../src/backbones/visionTransformer.ts';

export const tinyVit = (change: Partial<VisionTransformer> = {}): Network => visionTransformer({
  name: 'tiny vit', input: [8, 12, 3], patch: 4, width: 8, depth: 2, heads: 2, hidden: 12, classes: 3, layerScale: 0.1, registers: 1,
  positions: { grid: [3, 3], antialias: true, ofAllTokens: true }, fusedQkv: true, pooling: 'class', ...change,
});
