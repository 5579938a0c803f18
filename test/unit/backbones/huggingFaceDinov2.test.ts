import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dinov2Names, huggingFaceDinov2 } from '../../../src/backbones/huggingFaceDinov2.ts';
import { parametersOf } from '../../../src/backbones/parameters.ts';
import { fromSourceNames, toSourceNames } from '../../../src/backbones/weightNames.ts';

const config = { image_size: 28, patch_size: 14, hidden_size: 8, num_hidden_layers: 11, num_attention_heads: 2, mlp_ratio: 2, layerscale_value: 1 };
const network = huggingFaceDinov2(config, { name: 'x', input: [28, 28, 3], classes: 2 });
const ours = parametersOf(network).map(({ name }) => name);
const none = { shape: [0], data: new Float32Array() };
const named = (names: readonly string[]): Map<string, typeof none> => new Map(names.map((name) => [name, none]));

test('every parameter of transformers\' DINOv2 has a name of its own there, and comes back as it was', () => {
  const theirs = [...toSourceNames(named(ours), 'classifier', dinov2Names).keys()];
  assert.equal(new Set(theirs).size, ours.length);
  assert.ok(theirs.every((name) => /^(dinov2\.(embeddings|encoder\.layer\.\d+|layernorm)|classifier)\./.test(name)), theirs.join(' '));
  assert.ok(theirs.includes('dinov2.encoder.layer.10.attention.q_proj.weight') && theirs.includes('dinov2.encoder.layer.1.layer_scale2.lambda1'));
  assert.deepEqual([...fromSourceNames(named(theirs), 'classifier', dinov2Names).keys()], ours);
});

test('files of transformers 4, without a classifier, are read too', () => {
  const older = {
    'embeddings.cls_token': 'cls_token', 'embeddings.patch_embeddings.projection.bias': 'patch_embed.proj.bias', 'embeddings.mask_token': 'embeddings.mask_token',
    'encoder.layer.7.attention.attention.query.weight': 'blocks.7.attn.q.weight', 'encoder.layer.7.attention.output.dense.bias': 'blocks.7.attn.proj.bias',
    'encoder.layer.7.mlp.fc1.weight': 'blocks.7.mlp.fc1.weight', 'layernorm.weight': 'norm.weight',
  };
  assert.deepEqual([...fromSourceNames(named(Object.keys(older)), 'classifier', dinov2Names).keys()], Object.values(older));
});
