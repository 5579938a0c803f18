import assert from 'node:assert/strict';
import { test } from 'node:test';
import { architectureOf } from '../../../src/backbones/architectures.ts';
import { headDistances } from '../../../src/backbones/blocks.ts';
import { freezeBoundary, splitAt } from '../../../src/backbones/boundary.ts';
import { matchPatterns } from '../../../src/backbones/freezePlan.ts';
import { freezeTree } from '../../../src/backbones/freezeTree.ts';
import { randomWeights } from '../../../src/backbones/initialise.ts';
import { decays, parametersOf } from '../../../src/backbones/parameters.ts';
import { shapesOf } from '../../../src/backbones/shapes.ts';
import { visionTransformer } from '../../../src/backbones/visionTransformer.ts';
import { tinyVit } from '../../support/tinyVit.ts';

const small = architectureOf('vit_small_patch16_224')!.network(6);
const boundaryOf = (...patterns: string[]): string => freezeBoundary(small, matchPatterns(small, patterns).trained);

test('rows of the layer tree are the patches with their tokens and positions, each block, the norm, the head', () => {
  assert.deepEqual(freezeTree(small).map(({ path }) => path), ['patch_embed', ...Array.from({ length: 12 }, (_, i) => `blocks.${i}`), 'norm', 'head']);
  assert.deepEqual(freezeTree(small)[0]!.parameters, ['patch_embed.proj.weight', 'patch_embed.proj.bias', 'cls_token', 'pos_embed']);
  assert.deepEqual(freezeTree(small)[3]!.children.map(({ path }) => path), ['norm1', 'attn', 'norm2', 'mlp'].map((part) => `blocks.2.${part}`));
});

test('it can be frozen between any two blocks, at tokens, and within a block where nothing else crosses the cut', () => {
  assert.equal(boundaryOf('head'), 'global_pool');
  assert.equal(boundaryOf('head', 'norm'), 'blocks.11.add2');
  assert.equal(boundaryOf('head', 'blocks.10', 'blocks.11'), 'blocks.9.add2');
  assert.equal(boundaryOf('head', 'blocks.11.mlp'), 'blocks.11.add1', 'behind the residual of attention');
  assert.equal(boundaryOf('head', 'blocks.0'), 'pos_embed');
  assert.equal(boundaryOf('head', 'cls_token'), 'patch_embed');
  const { prefix, suffix } = splitAt(small, 'blocks.9.add2');
  assert.deepEqual([shapesOf(prefix).get('blocks.9.add2'), suffix.input, shapesOf(suffix).get('head')], [[197, 384], [197, 384], [6]]);
});

test('rates decay from the head down to the patches', () => {
  const distances = headDistances(small);
  const of = (...names: string[]): unknown[] => names.map((name) => distances.get(name));
  assert.deepEqual(of('head.weight', 'norm.bias', 'blocks.11.mlp.fc2.weight', 'blocks.0.norm1.weight', 'pos_embed', 'patch_embed.proj.weight'), [0, 1, 2, 13, 14, 14]);
});

test('matrices and kernels decay; norms, biases, layer scales, tokens and positions do not', () => {
  const decaying = parametersOf(tinyVit()).filter(decays).map(({ name }) => name);
  assert.deepEqual(decaying.filter((name) => !name.startsWith('blocks.1')), [
    'patch_embed.proj.weight', 'blocks.0.attn.qkv.weight', 'blocks.0.attn.proj.weight', 'blocks.0.mlp.fc1.weight', 'blocks.0.mlp.fc2.weight', 'head.weight',
  ]);
});

test('random weights are timm\'s: deviation 0.02 in linear layers and positions, 1e-6 in tokens, layer scale as said, the patches\' and the head\'s PyTorch\'s own', () => {
  const weights = randomWeights(tinyVit({ width: 384, depth: 1, patch: 14, input: [70, 70, 3], positions: { antialias: true, ofAllTokens: false } }), 1);
  const deviation = (name: string): number => {
    const { data } = weights.get(name)!;
    return Math.sqrt(data.reduce((sum, value) => sum + value ** 2, 0) / data.length);
  };
  const near = (name: string, expected: number): void => { assert.ok(Math.abs(deviation(name) / expected - 1) < 0.15, `${name}: ${deviation(name)}`); }; // 384 values in a token: 4 standard errors
  near('blocks.0.attn.qkv.weight', 0.02);
  near('blocks.0.mlp.fc2.weight', 0.02);
  near('pos_embed', 0.02);
  near('reg_token', 1e-6);
  near('cls_token', 1e-6);
  near('patch_embed.proj.weight', 1 / Math.sqrt(3 * 14 * 14 * 3));
  near('head.weight', 1 / Math.sqrt(3 * 384));
  const all = (name: string, value: number): void => { assert.ok(weights.get(name)!.data.every((each) => each === Math.fround(value)), name); };
  all('blocks.0.ls1.gamma', 0.1);
  all('blocks.0.norm1.weight', 1);
  all('blocks.0.mlp.fc1.bias', 0);
  all('norm.bias', 0);
});

test('at another image size positions are as many as patches, unless they were made for a certain one', () => {
  const at = (size: number): ReturnType<typeof parametersOf> => parametersOf({ ...small, input: [size, size, 3] });
  const shapeOf = (list: ReturnType<typeof parametersOf>): unknown => list.find(({ name }) => name === 'pos_embed')!.shape;
  assert.deepEqual([shapeOf(at(224)), shapeOf(at(384))], [[1, 197, 384], [1, 577, 384]]);
  assert.deepEqual(shapeOf(parametersOf(tinyVit())), [1, 2 + 9, 8]);
  assert.deepEqual(shapesOf(tinyVit()).get('pos_embed'), [2 + 6, 8]);
  assert.deepEqual(tinyVit({ positions: { grid: [2, 3], antialias: true, ofAllTokens: true } }), tinyVit({ positions: { antialias: true, ofAllTokens: true } }), 'nothing to resize');
});

test('heads that do not divide the width are our mistake', () => {
  const broken = visionTransformer({ name: 'x', input: [8, 8, 3], patch: 4, width: 8, depth: 1, heads: 3, hidden: 8, classes: 2, registers: 0, positions: { antialias: true, ofAllTokens: true }, fusedQkv: true, pooling: 'class' });
  assert.throws(() => shapesOf(broken), /attention of 3 heads over \[5, 24\]/);
});
