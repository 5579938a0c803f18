import assert from 'node:assert/strict';
import { test } from 'node:test';
import { architectureNames, architectureOf } from '../../../src/backbones/architectures.ts';
import { keptValuesOf, segmented } from '../../../src/backbones/segments.ts';
import { shapesOf } from '../../../src/backbones/shapes.ts';
import { tinyNetwork } from '../../support/tinyNetwork.ts';

test('what a network keeps is told from its ops: what convolutions and norms read, nothing twice', () => {
  const kept = keptValuesOf(tinyNetwork), shapes = shapesOf(tinyNetwork);
  const namesKept = [...kept].filter(([, values]) => values > 0).map(([name]) => name);
  assert.ok(namesKept.includes('stem.conv') && namesKept.includes('stem.act'), String(namesKept));
  assert.ok(!namesKept.includes('stem.bn'), 'the activation is told from its own output');
  assert.equal(kept.get('stem.conv'), shapes.get('stem.conv')!.reduce((a, b) => a * b, 1));
});

test('every network can be cut into segments that hold less than it keeps, most of them a quarter', () => {
  const shares = architectureNames.map((name) => {
    const network = architectureOf(name)!.network(10), kept = keptValuesOf(network), { segments, heldValues } = segmented(network, kept);
    assert.deepEqual(segments.flatMap(({ nodes }) => nodes.map((node) => node.name)), network.nodes.map((node) => node.name), name);
    for (const segment of segments) {
      const known = new Set(['input', ...segment.nodes.map((node) => node.name)]);
      for (const node of segment.nodes) for (const input of node.inputs) assert.ok(known.has(input), `${name}: ${node.name} reads ${input}`);
      assert.ok(!segment.nodes[0]!.op.op.startsWith('relu') || segment === segments[0], `${name}: a rectifier was cut from its norm`);
      shapesOf(segment);
    }
    return heldValues / [...kept.values()].reduce((a, b) => a + b, 0);
  }).sort((a, b) => a - b);
  assert.ok(shares.length > 40 && shares.at(-1)! < 0.85 && shares[shares.length >> 1]! < 0.27, shares.map((share) => share.toFixed(2)).join(' '));
});
