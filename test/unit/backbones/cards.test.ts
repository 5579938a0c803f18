import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { cardNames, cardOf } from '../../../src/backbones/cards.ts';
import { fitWeights } from '../../../src/backbones/fitWeights.ts';
import { layersOf, freezeTree } from '../../../src/backbones/freezeTree.ts';
import { parameterCount, parametersOf } from '../../../src/backbones/parameters.ts';
import { decodeSafetensors } from '../../../src/backbones/safetensors.ts';
import { shapesOf } from '../../../src/backbones/shapes.ts';
import { fromSourceNames, toSourceNames } from '../../../src/backbones/weightNames.ts';
import { repoRoot } from '../../support/root.ts';

test('the zoo has the bundled backbone and nothing of another name', () => {
  assert.ok(cardNames.includes('efficientnet_lite0'));
  assert.equal(cardOf('efficientnet_lite9'), undefined);
});

for (const name of cardNames) {
  const card = cardOf(name)!, network = card.network(card.sourceClasses), weights = card.weights[0]!;
  const bytes = readFileSync(join(repoRoot, 'backbones', weights.file));

  test(`${name}: the shipped weights are those of the card`, () => {
    assert.equal(bytes.length, weights.sizeBytes);
    assert.equal(createHash('sha256').update(bytes).digest('hex'), weights.sha256);
  });

  test(`${name}: its network has the card's input, features, parameters and head`, () => {
    assert.deepEqual(network.input, [card.input.height, card.input.width, 3]);
    assert.equal(parameterCount(network), card.parameters);
    const head = network.nodes.at(-1)!;
    assert.equal(head.name, 'head');
    assert.deepEqual(shapesOf(network).get(head.inputs[0]!), [card.features]);
    assert.deepEqual(shapesOf(card.network(7)).get('head'), [7]);
  });

  test(`${name}: the weights file has exactly the network's parameters and buffers`, () => {
    const decoded = decodeSafetensors(bytes, weights.file);
    assert.ok(decoded.ok);
    const fitted = fitWeights(network, fromSourceNames(decoded.value, card.sourceHead), weights.file);
    assert.ok(fitted.ok);
    assert.deepEqual(new Set(toSourceNames(fitted.value, card.sourceHead).keys()), new Set(decoded.value.keys()));
  });

  test(`${name}: the layer tree covers every parameter once`, () => {
    const covered = freezeTree(network).flatMap(layersOf).flatMap(({ parameters }) => parameters);
    assert.deepEqual([...covered].sort(), parametersOf(network).filter(({ buffer }) => !buffer).map((parameter) => parameter.name).sort());
  });
}
