/** Every architecture against timm's: test/fixtures/backbones/timm.json, made by timm_facts.py beside it. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { architectureNames, architectureOf } from '../../../src/backbones/architectures.ts';
import { filledBlocks } from '../../../src/backbones/blocks.ts';
import { freezeBoundary } from '../../../src/backbones/boundary.ts';
import { fitWeights } from '../../../src/backbones/fitWeights.ts';
import { flopsOf } from '../../../src/backbones/flops.ts';
import { layersOf, freezeTree } from '../../../src/backbones/freezeTree.ts';
import { randomWeights } from '../../../src/backbones/initialise.ts';
import { parameterCount, parametersOf } from '../../../src/backbones/parameters.ts';
import { shapesOf } from '../../../src/backbones/shapes.ts';
import { toSourceNames } from '../../../src/backbones/weightNames.ts';
import { jsonFixture } from '../../support/fixture.ts';

interface Facts {
  readonly parameters: number;
  readonly multiplyAdds: number;
  readonly sha256: string;
  readonly input: { readonly size: readonly [number, number]; readonly cropShare: number; readonly interpolation: string; readonly mean: readonly number[]; readonly std: readonly number[] };
  readonly classifier: string;
  readonly features: number;
}

const { versions: _, ...timm } = jsonFixture<Record<string, Facts>>('backbones/timm.json');

/** Not of a library: held against its own weights, in cards.test.ts and resnet20.test.ts. */
const alone = ['resnet20_cifar'];
const names = architectureNames.filter((name) => !alone.includes(name));

test('timm knows every architecture but those that stand alone, and the fixture no other', () => {
  assert.deepEqual(Object.keys(timm).sort(), [...names].sort());
  assert.equal(names.length, architectureNames.length - alone.length);
  assert.ok(architectureNames.length > 40);
  assert.equal(new Set(architectureNames).size, architectureNames.length);
});

for (const name of names) {
  const architecture = architectureOf(name)!, facts = timm[name]!, network = architecture.network(1000);

  test(`${name} is fed as timm feeds it`, () => {
    const { height, width, cropShare, interpolation, mean, std } = architecture.input;
    assert.deepEqual({ size: [height, width], cropShare, interpolation, mean, std }, facts.input);
    assert.deepEqual(network.input, [height, width, 3]);
    assert.equal(architecture.sourceHead, facts.classifier);
    assert.equal(network.name, name);
  });

  test(`${name} has the parameters and buffers of timm's, by name and shape`, () => {
    const named = new Map(parametersOf(network).map(({ name, shape }) => [name, { shape, data: new Float32Array() }]));
    const lines = [...toSourceNames(named, architecture.sourceHead, architecture.sourceNames)].map(([name, { shape }]) => `${name} [${shape.join(', ')}]`);
    assert.equal(parameterCount(network), facts.parameters);
    assert.equal(createHash('sha256').update(lines.sort().join('\n')).digest('hex'), facts.sha256, 'names or shapes differ: see timm_facts.py');
  });

  test(`${name} does the multiply-adds of timm's, from pixels to as many outputs as there are classes`, () => {
    const flops = flopsOf(network), weighted = network.nodes.filter(({ op }) => ['conv', 'depthwiseConv', 'linear'].includes(op.op));
    assert.equal(weighted.reduce((sum, { name }) => sum + flops.get(name)!, 0), 2 * facts.multiplyAdds);
    const head = architecture.network(7).nodes.at(-1)!;
    assert.equal(head.name, 'head');
    assert.deepEqual(shapesOf(architecture.network(7)).get('head'), [7]);
    assert.deepEqual(shapesOf(network).get(head.inputs[0]!), [facts.features]);
    assert.equal(architecture.features, facts.features);
  });

  test(`${name}: blocks and layers hold every parameter once, and it can be frozen at each of them`, () => {
    const names = parametersOf(network).filter(({ buffer }) => !buffer).map(({ name }) => name).sort();
    const blocks = filledBlocks(network);
    assert.deepEqual(freezeTree(network).flatMap(layersOf).flatMap(({ parameters }) => parameters).sort(), names);
    assert.ok(blocks.length >= 5, `${blocks.length} blocks`);
    assert.equal(blocks.at(-1)!.path, 'head');
    const boundaries = blocks.map((_, i) => freezeBoundary(network, new Set(blocks.slice(i).flatMap(({ parameters }) => parameters.map(({ name }) => name)))));
    assert.equal(boundaries[0], 'input');
    assert.equal(new Set(boundaries).size, blocks.length, boundaries.join(' '));
  });
}

test('random weights fit a network of each family, finite and not all alike', () => {
  for (const name of ['mobilenetv3_small_050', 'resnet18', 'efficientnet_b0']) {
    const network = architectureOf(name)!.network(3), weights = randomWeights(network, 1);
    assert.ok(fitWeights(network, weights, 'random').ok, name);
  }
});

test('the last batch norm of a residual block of ResNet starts at 0, all others at 1', () => {
  const weights = randomWeights(architectureOf('resnet18')!.network(3), 1);
  const scales = [...weights].filter(([name]) => /bn\d\.weight|downsample\.1\.weight/.test(name));
  assert.equal(scales.length, 20);
  for (const [name, { data }] of scales) assert.ok(data.every((value) => value === (/layer.*bn2/.test(name) ? 0 : 1)), name);
});
