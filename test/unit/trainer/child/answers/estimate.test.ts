import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { bundledBackbones } from '../../../../../src/backbones/backbones.ts';
import { cardOf } from '../../../../../src/backbones/cards.ts';
import { estimateFolder, predictRun } from '../../../../../src/trainer/child/answers/estimate.ts';
import { predictPlan } from '../../../../../src/experiment/predict.ts';
import { partOf } from '../../../../../src/trainer/child/machine/engine.ts';
import { trainingMemory } from '../../../../../src/trainer/child/machine/memory.ts';
import { experimentText, presets } from '../../../../../src/experiment/presets.ts';
import type { Machine } from '../../../../../src/trainer/child/machine/machine.ts';
import type { Plan } from '../../../../../src/experiment/plan.ts';
import { readRates } from '../../../../../src/trainer/child/machine/rates.ts';
import { resolveExperiment } from '../../../../../src/experiment/resolve.ts';
import { temporaryFolder } from '../../../../support/temporary.ts';

function planOf(preset: (typeof presets)[number]['name'], overrides: Readonly<Record<string, string>> = {}): Plan {
  const resolved = resolveExperiment(experimentText(preset, { folder: '.' }), { file: '', folderOf: (folder) => folder, backbones: bundledBackbones, overrides });
  assert.ok(resolved.ok);
  return resolved.value.plan;
}

/** A folder of empty files: a scan opens none of them. */
function aFolder(t: TestContext, classes: Readonly<Record<string, number>>): string {
  const folder = temporaryFolder(t);
  for (const [label, count] of Object.entries(classes)) {
    mkdirSync(join(folder, label));
    for (let i = 0; i < count; i++) writeFileSync(join(folder, label, `${i}.jpg`), '');
  }
  return folder;
}

const aMachine = (t: TestContext): Machine => ({ cache: temporaryFolder(t), threads: 2, backbones: '', wasm: '', bindings: '', hub: { endpoint: '' }, version: '0' });

test('more photos, more epochs and more thawed layers take longer', (t) => {
  const { rates } = readRates(aMachine(t), 'tensorflow');
  const seconds = (plan: Plan, images = 1000): number => predictRun(plan, cardOf('efficientnet_lite0')!, { images, classes: 5, engine: 'tensorflow', memoryBytes: 8e9, rates }).seconds;
  const [features, blocks, everything] = (['features-only', 'top-blocks', 'everything'] as const).map((name) => seconds(planOf(name)));
  assert.ok(features! < blocks! && blocks! < everything!, `${features} < ${blocks} < ${everything}`);
  assert.ok(seconds(planOf('features-only'), 4000) > 3 * seconds(planOf('features-only')));
  assert.ok(seconds(planOf('everything', { 'stages.*.epochs': '2' })) < everything! / 4);
  assert.ok(seconds(planOf('features-only', { 'stages.0.augment': 'none' })) < features!);
});

test('an engine is chosen for all that a run trains, its control from scratch included', () => {
  const network = cardOf('efficientnet_lite0')!.network(6), plan = planOf('features-only');
  assert.match(partOf(network, { ...plan, controls: ['blind', 'knn'] }).title, /^head of/);
  assert.match(partOf(network, { ...plan, controls: ['scratch'] }).title, /^stem to head of/);
});

test('a batch that would fill the 4 GiB that WebAssembly can address goes through in parts, however much memory there is', (t) => {
  const rowsOn = (engine: 'wasm' | 'tensorflow'): number => {
    const basis = { images: 1000, classes: 5, engine, memoryBytes: Math.min(trainingMemory(engine), 20e9), rates: readRates(aMachine(t), engine).rates };
    return predictPlan(planOf('everything', { 'stages.*.train': '[all]' }), cardOf('efficientnet_lite0')!, basis).stages[0]!.rowsAtOnce;
  };
  assert.ok(trainingMemory('wasm') <= 0.8 * 2 ** 32);
  assert.ok(rowsOn('wasm') <= 16, `${rowsOn('wasm')} of 32 rows`); // at 24, a trainer had 4.4 GB in memory; at 32, it failed
});

test('a folder gets every plan, the recommended one first, and why', async (t) => {
  const found = await estimateFolder(aFolder(t, { rose: 30, tulip: 30 }), aMachine(t));
  assert.deepEqual([found.images, found.classes, found.problems], [60, 2, []]);
  assert.deepEqual(found.plans.map(({ preset }) => preset).sort(), presets.map(({ name }) => name).sort());
  assert.equal(found.plans[0]?.preset, 'few-images');
  assert.match(found.why, /30 photos per class are few.+could not be looked at/);
  for (const { seconds, scratchSeconds, peakBytes, scratchBytes } of found.plans) assert.ok(seconds > 4 && scratchSeconds >= 60 && scratchSeconds >= seconds && peakBytes > 1e8 && scratchBytes > 1e8);
  const { peakBytes, scratchBytes } = found.plans.find(({ preset }) => preset === 'features-only')!;
  assert.ok(scratchBytes > 1.5 * peakBytes, 'the control trains every layer');
});

test('problems of the folder come with the estimate; a folder that cannot be used has no plans', async (t) => {
  const small = await estimateFolder(aFolder(t, { rose: 5, tulip: 1, empty: 0 }), aMachine(t));
  assert.deepEqual(small.problems.map(({ code }) => code).sort(), ['class-too-small', 'empty-class']);
  assert.equal(small.plans.length, presets.length);
  const withBadFile = aFolder(t, { rose: 5, tulip: 5 });
  writeFileSync(join(withBadFile, 'rose', 'virus.exe'), '');
  const usable = await estimateFolder(withBadFile, aMachine(t));
  assert.deepEqual([usable.images, usable.problems], [10, []], 'a bad file is no reason not to train');
  const one = await estimateFolder(aFolder(t, { rose: 5 }), aMachine(t));
  assert.deepEqual([one.plans, one.problems.map(({ code }) => code)], [[], ['one-class']]);
});
