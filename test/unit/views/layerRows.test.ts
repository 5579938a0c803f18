import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bundledBackbones } from '../../../src/backbones/backbones.ts';
import type { FreezeRow } from '../../../src/backbones/freezeTree.ts';
import type { CostBasis } from '../../../src/protocol/answers.ts';
import { resolveExperiment, type Resolved } from '../../../src/experiment/resolve.ts';
import { type Layers, layersOf as rowsOf } from '../../../src/views/layerRows.ts';

function planOf(...trains: readonly string[]): Resolved {
  const stages = trains.map((train, i) => `  - { name: s${i + 1}, train: [${train}] }\n`).join('');
  const resolved = resolveExperiment(`thaw: 1\ndata: { folder: x }\nstages:\n${stages}`, { file: 'x.thaw.yaml', folderOf: (written) => written, backbones: bundledBackbones });
  assert.ok(resolved.ok);
  return resolved.value;
}

const layersOf = ({ plan, backbone }: Resolved, stage: number, basis?: CostBasis): Layers => rowsOf(plan, backbone!, stage, basis);

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
  assert.equal(words.description, '6 of 24 train · 1.7 M · 23 % FLOPs · BN stored');
  assert.equal(layers.wordsOf(rowAt(layers, 'blocks.5.3')).ticked, true);
});

test('frozen layers before the boundary are cached, frozen layers behind it run in every epoch', () => {
  const layers = layersOf(planOf('head, blocks.2'), 0);
  assert.match(layers.wordsOf(rowAt(layers, 'blocks.1')).tooltip, /once per photo, its output is cached/);
  assert.match(layers.wordsOf(rowAt(layers, 'blocks.4')).tooltip, /runs in every epoch/);
});

test('the summary counts what trains and names the stage when there are several', () => {
  assert.equal(layersOf(planOf('head'), 0).summary, 'only the head trains');
  assert.equal(layersOf(planOf('head', 'head, conv_head'), 1).summary, 'stage 2 of 2 “s2” · 412 k + head train');
});

test('rows are those of the backbone up to the block whose features are used, and the summary says so', () => {
  const checked = resolveExperiment('thaw: 1\ndata: { folder: x }\nfeatures: blocks.2\n', { file: 'x.thaw.yaml', folderOf: (written) => written, backbones: bundledBackbones });
  assert.ok(checked.ok);
  const { rows, summary } = layersOf(checked.value, 0);
  assert.deepEqual(rows.map(({ path }) => path), ['stem', 'blocks.0', 'blocks.1', 'blocks.2', 'head']);
  assert.equal(summary, 'only the head trains · ends after blocks.2');
});

test('the head has no count: it depends on the classes', () => {
  const layers = layersOf(planOf('head'), 0), words = layers.wordsOf(rowAt(layers, 'head'));
  assert.equal(words.description, 'new');
  assert.equal(words.ticked, true);
});

const basis: CostBasis = {
  images: 1000, classes: 5, engine: 'tensorflow', memoryBytes: 16e9,
  rates: {
    prefix: { msPerDenseGflop: 8, msPerDepthwiseGflop: 25, msPerGigabyte: 60, msPerNode: 0 },
    forward: { msPerDenseGflop: 9, msPerDepthwiseGflop: 60, msPerGigabyte: 130, msPerNode: 0.05 },
    backward: { msPerDenseGflop: 12, msPerDepthwiseGflop: 110, msPerGigabyte: 200, msPerNode: 0.1 },
    msPerUpdatedTensor: 0.3, msPerMillionUpdated: 12, msPerStep: 1.5, decodedImagesPerSecond: 350, baseBytes: 600e6, prefixBytes: 0, keptOutputs: 1,
  },
};

test('once the costs are known, each block says what training from it would take, and the summary what the plan takes', () => {
  const layers = layersOf(planOf('head, blocks.6, conv_head'), 0, basis);
  assert.match(layers.summary, /^1\.0 M \+ head train · \d+(\.\d+)? s an epoch, \d+ MiB$/);
  const costOf = (path: string): string => /Training from here: (.*)\./.exec(layers.wordsOf(rowAt(layers, path)).tooltip)?.[1] ?? '';
  assert.match(costOf('blocks.4'), /^\d+(\.\d+)? s an epoch, \d+(\.\d+)? [MG]iB of memory, \d+(\.\d+)? MiB of cache$/);
  assert.match(costOf('stem'), /nothing is cached$/);
  assert.equal(costOf('blocks.4.0'), '', 'a cut is at a block');
  const seconds = ['head', 'blocks.6', 'blocks.3', 'stem'].map((path) => { const [, n = '', unit] = /^([\d.]+) (s|min)/.exec(costOf(path)) ?? []; return Number(n) * (unit === 'min' ? 60 : 1); });
  assert.deepEqual([...seconds].sort((a, b) => a - b), seconds);
});

test('what moved in the newest run stands in its row, and how far as a heat', () => {
  const { plan, backbone } = planOf('head, blocks.5'), layers = rowsOf(plan, backbone!, 0, undefined, new Map([['blocks.5', 0.061], ['blocks.4', 0], ['blocks.5.3', 0.004]]));
  const words = (path: string) => layers.wordsOf(rowAt(layers, path));
  assert.match(words('blocks.5').description, /· 23 % FLOPs · moved 6\.1 % ·/);
  assert.match(words('blocks.5').tooltip, /In the newest run its weights moved by 6\.1 % of their size\.$/);
  assert.match(words('blocks.4').tooltip, /stayed as they were\.$/);
  assert.deepEqual(['blocks.5', 'blocks.4', 'blocks.5.3', 'head'].map((path) => words(path).heat), [2, 0, 0, undefined]);
});
