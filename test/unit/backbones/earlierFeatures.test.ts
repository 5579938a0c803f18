import assert from 'node:assert/strict';
import { test } from 'node:test';
import { architectureOf } from '../../../src/backbones/architectures.ts';
import { filledBlocks } from '../../../src/backbones/blocks.ts';
import type { Architecture } from '../../../src/backbones/card.ts';
import { cardOf } from '../../../src/backbones/cards.ts';
import { earlierBlocks, networkUpTo, plannedBackbone, upTo } from '../../../src/backbones/earlierFeatures.ts';
import { fitWeights } from '../../../src/backbones/fitWeights.ts';
import { foldBatchNorm } from '../../../src/backbones/foldBatchNorm.ts';
import { randomWeights } from '../../../src/backbones/initialise.ts';
import { networkOf } from '../../../src/backbones/networkOf.ts';
import { onnxGraph } from '../../../src/backbones/onnxGraph.ts';
import type { Network } from '../../../src/backbones/op.ts';
import { parametersOf } from '../../../src/backbones/parameters.ts';
import { shapesOf } from '../../../src/backbones/shapes.ts';
import { splitAt } from '../../../src/backbones/boundary.ts';
import { featureCacheKey } from '../../../src/engine/featureCache.ts';

const cutAfter = <A extends Architecture>(backbone: A, block: string): A => {
  const cut = upTo(backbone, block);
  assert.ok(cut.ok, cut.ok ? '' : cut.errors[0]!.message);
  return cut.value;
};
const architecture = (name: string): Architecture => architectureOf(name) ?? assert.fail(name);
const pathsOf = (network: Network): readonly string[] => filledBlocks(network).map(({ path }) => path);
const problemOf = (name: string, block: string): string => {
  const cut = upTo(architecture(name), block);
  return cut.ok ? '' : `${cut.errors[0]!.code}: ${cut.errors[0]!.message} (${cut.errors[0]!.fix!})`;
};

/** One of each way to build. */
const families = [
  'tf_efficientnet_lite0', 'efficientnetv2_s', 'mobilenetv2_100', 'mobilenetv3_small_050', 'resnet18', 'resnet50', 'resnet20_cifar', 'vgg11', 'vgg11_bn', 'densenet121',
  'inception_v3', 'alexnet', 'convnext_tiny', 'vit_tiny_patch16_224', 'vit_small_patch14_dinov2', 'vit_small_patch14_reg4_dinov2',
];

test('every family can end after each of its earlier blocks, with the weights that it has, and a head on what its card says', () => {
  let cuts = 0;
  for (const name of families) {
    const whole = architecture(name), own = networkOf(whole), sizes = new Map(parametersOf(own).map(({ name: of, shape }) => [of, String(shape)])), blocks = earlierBlocks(own);
    assert.ok(blocks.length >= 2, `${name}: ${blocks.join(', ')}`);
    for (const block of blocks) {
      const cut = cutAfter(whole, block), network = cut.network(5), shapes = shapesOf(network);
      assert.deepEqual(shapes.get(network.nodes.at(-1)!.inputs[0]!), [cut.features], `${name} up to ${block}`);
      assert.deepEqual(shapes.get('head'), [5]);
      const parameters = parametersOf(network).filter(({ node }) => node !== 'head');
      assert.ok(parameters.length > 0 && parameters.every(({ name: of, shape }) => sizes.get(of) === String(shape)), `${name} up to ${block}`);
      assert.ok(parametersOf(network).length < sizes.size);
      const rest = pathsOf(own).slice(pathsOf(own).indexOf(block) + 1); // of tokens, the last norm stays
      assert.deepEqual(pathsOf(network).filter((path) => rest.includes(path)), ['norm', 'head'].filter((path) => pathsOf(network).includes(path) && rest.includes(path)));
      cuts++;
    }
  }
  assert.ok(cuts > 100, `${cuts} cuts`);
});

test('a backbone ends where the next weights begin, activation and pool included, and maps are averaged', () => {
  const endOf = (name: string, block: string): unknown => networkOf(cutAfter(architecture(name), block)).nodes.slice(-3).map(({ name: node }) => node);
  assert.deepEqual(endOf('resnet50', 'layer2'), ['layer2.3.act3', 'pooled', 'head']);
  assert.deepEqual(endOf('resnet50', 'layer3.1'), ['layer3.1.act3', 'pooled', 'head']);
  assert.deepEqual(endOf('resnet18', 'stem'), ['maxpool', 'pooled', 'head']);
  assert.deepEqual(endOf('tf_efficientnet_lite0', 'blocks.4'), ['blocks.4.2.add', 'pooled', 'head']);
  assert.deepEqual(endOf('mobilenetv3_large_100', 'blocks.6'), ['global_pool', 'pooled', 'head']);
  assert.deepEqual(endOf('alexnet', 'features.10'), ['avgpool', 'pooled', 'head'], 'not the 9216 values of all places');
  assert.deepEqual(endOf('alexnet', 'classifier.1'), ['classifier.1', 'classifier.2', 'head'], 'what is a vector stays one');
  assert.deepEqual(endOf('vit_small_patch16_224', 'blocks.5'), ['norm', 'global_pool', 'head'], 'tokens keep their last norm and the class token');
  assert.deepEqual(networkOf(cutAfter(architecture('vit_small_patch16_224'), 'blocks.5')).nodes.find(({ name }) => name === 'norm')!.inputs, ['blocks.5.add2']);
});

test('the last block, and the word for it, are the backbone itself; another size and an earlier block go together; the same one each time', () => {
  const card = cardOf('efficientnet_lite0')!, cut = cutAfter(card, 'blocks.4');
  for (const [name, last] of [['resnet18', 'layer4'], ['tf_efficientnet_lite0', 'conv_head'], ['vit_tiny_patch16_224', 'blocks.11'], ['vit_tiny_patch16_224', 'norm'], ['alexnet', 'classifier.4']] as const) assert.equal(cutAfter(architecture(name), last), architecture(name));
  assert.equal(cutAfter(card, 'last'), card);
  assert.equal(cutAfter(card, 'blocks.4'), cut);
  assert.equal(cut.whole, card);
  assert.deepEqual({ ...cut, network: undefined, features: undefined, whole: undefined }, { ...card, network: undefined, features: undefined, whole: undefined });
  assert.deepEqual([card.features, cut.features], [1280, 112]);
  const planned = plannedBackbone(card, { inputSize: 160, features: 'blocks.4' });
  assert.ok(planned.ok);
  assert.deepEqual(shapesOf(networkOf(planned.value)).get('blocks.4.2.add'), [10, 10, 112]);
  assert.deepEqual(earlierBlocks(networkUpTo(networkOf(card), 'blocks.2')), ['stem', 'blocks.0', 'blocks.1'], 'what is cut can be cut again');
});

test('features of another block have a cache of their own', () => {
  const card = cardOf('resnet20_cifar10')!, weights = randomWeights(networkOf(card), 1);
  const keyOf = (network: Network): string => {
    const { prefix } = splitAt(network, network.nodes.at(-1)!.inputs[0]!), fitted = fitWeights(prefix, weights, 'w');
    assert.ok(fitted.ok);
    const folded = foldBatchNorm(prefix, fitted.value);
    return featureCacheKey({ model: onnxGraph(folded.network, folded.weights, { normalise: card.input }), input: card.input, decoder: 'd', precision: 'float16' });
  };
  const blocks = ['stem', 'layer1', 'layer2', 'layer2.1', 'last'];
  assert.equal(new Set(blocks.map((block) => keyOf(networkOf(cutAfter(card, block))))).size, blocks.length);
});

test('where a backbone cannot end is said, with what was probably meant', () => {
  assert.equal(problemOf('resnet18', 'layer2.0.conv1'), 'out-of-range: resnet18 cannot end after "layer2.0.conv1": a shortcut or a branch runs past it (write layer2.0)');
  assert.equal(problemOf('inception_v3', 'Mixed_5b.branch1x1'), 'out-of-range: inception_v3 cannot end after "Mixed_5b.branch1x1": a shortcut or a branch runs past it (write Mixed_5b)');
  assert.equal(problemOf('vit_tiny_patch16_224', 'patch_embed'), 'out-of-range: vit_tiny_patch16_224 cannot end after "patch_embed": its class token has seen nothing by then (write blocks.0)');
  assert.equal(problemOf('resnet18', 'leyer2'), 'pattern-matches-nothing: no block "leyer2" in resnet18 (did you mean "layer2"?)');
  assert.equal(problemOf('resnet18', 'head'), 'pattern-matches-nothing: no block "head" in resnet18 (write last, or one of stem, layer1, layer2, layer3)');
});
