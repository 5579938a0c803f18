import assert from 'node:assert/strict';
import { test } from 'node:test';
import { architectureNames, architectureOf } from '../../../src/backbones/architectures.ts';
import { cardOf } from '../../../src/backbones/cards.ts';
import { cardOfConfig } from '../../../src/backbones/configCard.ts';
import { cutCost, stepFlops } from '../../../src/backbones/cost.ts';
import { atInputSize, patchOf, usualSizes } from '../../../src/backbones/inputSize.ts';
import { networkOf } from '../../../src/backbones/networkOf.ts';
import { parametersOf } from '../../../src/backbones/parameters.ts';
import { shapesOf } from '../../../src/backbones/shapes.ts';
import type { Architecture } from '../../../src/backbones/card.ts';

const at = <A extends Architecture>(backbone: A, size: number | 'auto'): A => {
  const fed = atInputSize(backbone, size);
  assert.ok(fed.ok, fed.ok ? '' : fed.errors[0]!.message);
  return fed.value;
};
const problemOf = (name: string, size: number): string => {
  const fed = atInputSize(architectureOf(name)!, size);
  return fed.ok ? '' : `${fed.errors[0]!.message} (${fed.errors[0]!.fix!})`;
};

test('every architecture has the same parameters, and the same shape of features, at another size', () => {
  const parameters = ({ nodes, ...network }: ReturnType<Architecture['network']>): string => JSON.stringify(parametersOf({ ...network, nodes }).map(({ name, shape }) => [name, shape]));
  for (const name of architectureNames) {
    const own = architectureOf(name)!, patch = patchOf(own.network(5)), size = patch * Math.round(160 / patch), network = at(own, size).network(5);
    assert.deepEqual(network.input, [size, size, 3]);
    assert.equal(parameters(network), parameters(own.network(5)), name);
    assert.deepEqual(shapesOf(network).get(network.nodes.at(-1)!.inputs[0]!), [own.features], name);
  }
});

test('a backbone at another size is the same one each time, keeps all else, and costs by its area', () => {
  const card = cardOf('efficientnet_lite0')!, twice = at(card, 448);
  assert.equal(at(card, 448), twice);
  assert.equal(networkOf(at(card, 448)), networkOf(twice));
  assert.equal(at(card, 'auto'), card);
  assert.deepEqual({ ...twice, network: undefined, input: undefined }, { ...card, network: undefined, input: undefined });
  assert.deepEqual(twice.input, { ...card.input, height: 448, width: 448 });
  const flopsOf = ({ network }: Architecture): number => stepFlops(cutCost(network(2), new Set(parametersOf(network(2)).map(({ name }) => name))));
  assert.ok(Math.abs(flopsOf(twice) / flopsOf(card) - 4) < 0.05, `${flopsOf(twice) / flopsOf(card)} times the work`);
});

test('a transformer takes whole patches, and its positions are those of its weights, resized', () => {
  const gridAt = (backbone: Architecture): unknown => backbone.network(2).nodes.flatMap(({ op }) => op.op === 'addTable' ? [op.grid] : [])[0];
  const dinov2 = architectureOf('vit_small_patch14_dinov2')!;
  assert.equal(gridAt(dinov2), undefined);
  assert.deepEqual(gridAt(at(dinov2, 224)), { from: [37, 37], to: [16, 16], antialias: true });
  assert.match(problemOf('vit_small_patch14_dinov2', 256), /patches of 14 × 14 pixels, and 256 is no multiple of 14 \(write 252, or auto\)/);
  assert.ok(usualSizes(dinov2).includes(224) && !usualSizes(dinov2).includes(256));
  const config = cardOfConfig({ architecture: 'vit_tiny_patch16_224', input_size: [3, 448, 448] }, { name: 'x', source: 'x', weights: [] });
  assert.ok(config.ok);
  assert.equal(gridAt(config.value), undefined, 'weights that were made at another size have a table of that size');
  assert.deepEqual(gridAt(at(config.value, 224)), { from: [28, 28], to: [14, 14], antialias: true });
});

test('a size of which nothing is left is refused, with the least that is', () => {
  assert.match(problemOf('alexnet', 48), /has no pixel left of photos of 48 × 48 \(write 63, or auto\)/);
  assert.match(problemOf('inception_v3', 64), /no pixel left .*\(write 75, or auto\)/);
  assert.equal(problemOf('alexnet', 63), '');
  assert.equal(problemOf('resnet50', 32), '');
});

test('weights of a VGG that were made at a small size get the pool that their wide layer needs', () => {
  const config = cardOfConfig({ architecture: 'vgg11', input_size: [3, 128, 128] }, { name: 'x', source: 'x', weights: [] });
  assert.ok(config.ok);
  assert.deepEqual(shapesOf(config.value.network(2)).get('pre_logits.fc1'), [1, 1, 4096]);
});
