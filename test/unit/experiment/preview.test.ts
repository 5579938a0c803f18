import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bundledBackbones } from '../../../src/backbones/backbones.ts';
import { previewOf } from '../../../src/experiment/preview.ts';
import { predictPlan, runMs, workloadOf } from '../../../src/experiment/predict.ts';
import { resolveExperiment, type Resolved } from '../../../src/experiment/resolve.ts';
import type { CostBasis, Prediction } from '../../../src/protocol/answers.ts';
import type { PlanPreview } from '../../../src/protocol/previewMessages.ts';
import { parseToPreview } from '../../../src/protocol/guards.ts';

function resolved(stages: string, rest = ''): Resolved {
  const checked = resolveExperiment(`thaw: 1\ndata: { folder: x }\nstages:\n${stages}${rest}`, { file: 'x.thaw.yaml', folderOf: (written) => written, backbones: bundledBackbones, overrides: { batch: 16 } });
  assert.ok(checked.ok);
  return checked.value;
}

const basis: CostBasis = {
  images: 1000, classes: 5, engine: 'tensorflow', memoryBytes: 16e9,
  rates: {
    prefix: { msPerDenseGflop: 8, msPerDepthwiseGflop: 25, msPerGigabyte: 60, msPerNode: 0 },
    forward: { msPerDenseGflop: 9, msPerDepthwiseGflop: 60, msPerGigabyte: 130, msPerNode: 0.05 },
    backward: { msPerDenseGflop: 12, msPerDepthwiseGflop: 110, msPerGigabyte: 200, msPerNode: 0.1 },
    msPerUpdatedTensor: 0.3, msPerMillionUpdated: 12, msPerStep: 1.5, decodedImagesPerSecond: 350, baseBytes: 600e6, prefixBytes: 0, keptOutputs: 1,
  },
};

const probeThenThaw = '  - { name: probe, train: [head], epochs: 20 }\n  - { name: thaw, train: [head, conv_head, blocks.5.3], epochs: 15 }\n';

test('each block of each stage says whether it trains, is computed once, or runs without training', () => {
  const { blocks, stages } = previewOf(resolved(probeThenThaw), 'x');
  const statesOf = (stage: number): Record<string, string> => Object.fromEntries(blocks.map((path, i) => [path, stages[stage]!.blocks[i]!.state]));
  assert.deepEqual(Object.values(statesOf(0)), [...Array.from({ length: blocks.length - 1 }, () => 'cached'), 'trained']);
  const { 'blocks.4': before, 'blocks.5': within, 'blocks.6': behind, conv_head: trained } = statesOf(1);
  assert.deepEqual([before, within, behind, trained], ['cached', 'partly', 'frozen', 'trained']);
});

test('the time line is features, stages and the controls that train, one after another, and lasts as long as predicted', () => {
  const experiment = resolved(probeThenThaw), { costs, quickControls } = previewOf(experiment, 'x', basis), own = runMs(experiment.plan, predictPlan(experiment.plan, experiment.backbone!, basis).stages, workloadOf(experiment.plan, basis.images).trainSamples);
  assert.ok(costs);
  assert.deepEqual(costs.phases.map(({ kind, name }) => `${kind} ${name}`), ['features features', 'stage probe', 'features features', 'stage thaw', 'control linear probe', 'control random backbone', 'control from scratch']);
  for (const [i, { fromMs }] of costs.phases.slice(1).entries()) assert.equal(fromMs, costs.phases[i]!.fromMs + costs.phases[i]!.ms);
  const lasts = (kind: string): number => costs.phases.filter((phase) => phase.kind === kind).reduce((sum, { ms }) => sum + ms, 0);
  assert.ok(Math.abs(lasts('features') + lasts('stage') - own) < 1e-6);
  const probe = costs.phases.find(({ name }) => name === 'linear probe')!.ms;
  assert.ok(probe > 0 && lasts('control') - probe <= own + Math.max(own, 60_000) + 1e-6);
  assert.deepEqual(quickControls, ['blind guess', 'nearest neighbours']);
  assert.ok(costs.phases.at(-1)!.peakBytes! > Math.max(...costs.stages.map(({ peakBytes }) => peakBytes)), 'from scratch every layer keeps its activations');
});

test('stages with one boundary share their features; a scratch budget bounds its control', () => {
  const { costs } = previewOf(resolved('  - { train: [head] }\n  - { train: [head] }\n', 'scratchBudget: 1 s\ncontrols: [scratch]\n'), 'x', basis);
  assert.deepEqual(costs!.phases.map(({ kind }) => kind), ['features', 'stage', 'stage', 'control']);
  assert.equal(costs!.phases.at(-1)!.ms, 1000);
});

test('a backbone that ends after an earlier block has no others, and costs as much less', () => {
  const [whole, cut] = ['', 'features: blocks.4\n'].map((rest) => previewOf(resolved('  - { train: [head, blocks.4], epochs: 15 }\n', rest), 'x', basis)) as [PlanPreview, PlanPreview];
  assert.deepEqual([whole.backbone, cut.backbone], ['EfficientNet-Lite0', 'EfficientNet-Lite0 up to blocks.4']);
  assert.deepEqual(cut.blocks, [...whole.blocks.slice(0, whole.blocks.indexOf('blocks.4') + 1), 'head']);
  assert.ok(whole.blocks.includes('conv_head') && cut.stages[0]!.trainedParameters < whole.stages[0]!.trainedParameters);
  const [before, after] = [whole, cut].map(({ costs }) => costs!.stages[0]!) as [Prediction, Prediction];
  assert.equal(after.boundary, before.boundary);
  assert.ok(after.epochMs < 0.9 * before.epochMs, `${after.epochMs} and ${before.epochMs} ms an epoch`);
});

test('a budget bounds the training that is predicted, and says what is not reached; the runs of variants and seeds are counted', () => {
  const { costs, runs } = previewOf(resolved(probeThenThaw, 'budget: 5 s\ncontrols: [random-features]\nseeds: 2\nvariants: { stop.patience: [3, 5] }\n'), 'x', basis);
  const free = previewOf(resolved(probeThenThaw, 'controls: [random-features]\n'), 'x', basis), [features, probe, later, thaw, control] = costs!.phases;
  assert.deepEqual([features!.ms, probe!.ms], free.costs!.phases.slice(0, 2).map(({ ms }) => ms), 'the budget counts from the first step, and the probe fits it');
  assert.ok(probe!.ms + later!.ms === 5000 && later!.ms > 0, `${probe!.ms} + ${later!.ms}`);
  assert.deepEqual([later!.words, thaw!.ms, thaw!.words], [`${free.costs!.phases[2]!.words}, cut short by the budget`, 0, 'not reached within the budget']);
  assert.equal(control!.ms, features!.ms + 5000);
  assert.deepEqual([runs, free.runs], [4, 1]);
});

test('what is learnt is named as the task has it', () => {
  const { plan, ...rest } = resolved('  - { train: [head] }\n');
  const photos = (['image-classification', 'image-multi-label', 'image-regression'] as const).map((task) => previewOf({ ...rest, plan: { ...plan, task } }, 'x', basis).costs?.photos);
  assert.deepEqual(photos, ['1,000 photos, 5 classes', '1,000 photos, 5 labels', '1,000 photos, a number each']);
});

test('every value stands there with its origin', () => {
  const { values } = previewOf(resolved(probeThenThaw), 'x');
  const of = (path: string): string => { const { text = '', origin = '' } = values.find((value) => value.path === path) ?? {}; return `${text} ${origin}`; };
  assert.deepEqual(['stages.1.epochs', 'stages.1.rate', 'batch', 'data.split.seed', 'stages.1.train'].map(of), ['15 file', '0.001 default', '16 command line', '7 default', '[head, conv_head, blocks.5.3] file']);
});

test('a backbone that is not there yet leaves blocks and costs out, and its values in', () => {
  const checked = resolveExperiment('thaw: 1\ndata: { folder: x }\nbackbone: hf:someone/something\n', { file: 'x', folderOf: (written) => written, backbones: bundledBackbones });
  assert.ok(checked.ok);
  const preview = previewOf(checked.value, 'x', basis);
  assert.deepEqual([preview.blocks, preview.costs, preview.stages[0]!.blocks], [[], undefined, []]);
  assert.ok(preview.values.length > 15);
});

test('what is shown passes the guard of the page unchanged', () => {
  const preview = previewOf(resolved(probeThenThaw), 'x', basis), message = { type: 'preview', file: 'file:///x', stage: 1, preview };
  assert.deepEqual(parseToPreview(JSON.parse(JSON.stringify(message))), { ok: true, value: message });
});
