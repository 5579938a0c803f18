import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bundledBackbones } from '../../../src/backbones/backbones.ts';
import type { FreezeRow } from '../../../src/backbones/freezeTree.ts';
import { resolveExperiment, type Resolved } from '../../../src/experiment/resolve.ts';
import { type Layers, layersOf as rowsOf } from '../../../src/views/layerRows.ts';

function planOf(...trains: readonly string[]): Resolved {
  const stages = trains.map((train, i) => `  - { name: s${i + 1}, train: [${train}] }\n`).join('');
  const resolved = resolveExperiment(`thaw: 1\ndata: { folder: x }\nstages:\n${stages}`, { file: 'x.thaw.yaml', folderOf: (written) => written, backbones: bundledBackbones });
  assert.ok(resolved.ok);
  return resolved.value;
}

const layersOf = ({ plan, backbone }: Resolved, stage: number): Layers => rowsOf(plan, backbone!, stage);

function rowAt({ rows }: Layers, path: string): FreezeRow {
  const all = (level: readonly FreezeRow[]): FreezeRow[] => level.flatMap((row) => [row, ...all(row.children)]);
  const found = all(rows).find((row) => row.path === path);
  assert.ok(found, `a row ${path}`);
  return found;
}

test('a mixed block is not ticked and says how many of its layers train', () => {
  const layers = layersOf(planOf('head, blocks.5.3'), 0);
  const words = layers.wordsOf(rowAt(layers, 'blocks.5'));
  assert.equal(words.ticked, false);
  assert.equal(words.description, '6 of 24 train · 1.7 M · BN stored');
  assert.equal(layers.wordsOf(rowAt(layers, 'blocks.5.3')).ticked, true);
});

test('frozen layers before the boundary are cached, frozen layers behind it run in every epoch', () => {
  const layers = layersOf(planOf('head, blocks.2'), 0);
  assert.match(layers.wordsOf(rowAt(layers, 'blocks.1')).tooltip, /once per photo, its output is cached/);
  assert.match(layers.wordsOf(rowAt(layers, 'blocks.4')).tooltip, /runs in every epoch/);
});

test('the summary counts what trains and names the stage when there are several', () => {
  assert.equal(layersOf(planOf('head'), 0).summary, 'only the head trains');
  assert.equal(layersOf(planOf('head', 'head, conv_head'), 1).summary, 'stage 2 “s2” · 412 k + head train');
});

test('the head has no count: it depends on the classes', () => {
  const layers = layersOf(planOf('head'), 0), words = layers.wordsOf(rowAt(layers, 'head'));
  assert.equal(words.description, 'new');
  assert.equal(words.ticked, true);
});
