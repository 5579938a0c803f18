/** What is learnt from a manifest: one label, several, a number; and several runs of one file. Real photos, real trainers. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { factsOf, manifestOf, samplePhotos, Workspace } from '../../support/product.ts';

/** Twelve photos of each of four kinds, by the sample's order. */
const kinds = ['cardboard', 'glass', 'metal', 'paper'];
const photos = kinds.flatMap((kind, n) => samplePhotos(n).slice(0, 12).map((path) => ({ kind, path })));
const plan = (head: string): string => `thaw: 1\n${head}\nstages: [{ train: [head], epochs: 8, rate: 1e-2, augment: none }]\ncontrols: [blind, knn]\nbatch: 16\n`;

test('a manifest in CSV trains like a folder, keeps its splits, and names each bad row by its line', async (t) => {
  const workspace = new Workspace(t);
  const rows = photos.map(({ kind, path }, i) => `${path},${kind},${['train', 'train', 'val', 'test'][i % 4]!}`);
  workspace.write('photos.csv', ['file,kind,split', ...rows, 'gone.jpg,glass,train', `${photos[0]!.path},,train`].join('\n'));
  const { code, stdout, stderr } = await workspace.thaw('run', 'photos.csv', '--preset', 'features-only', '--set', 'stages.0.epochs=4', '--set', 'controls=[blind, knn]', '--set', 'data.subset=75%');
  assert.equal(code, 0, stdout + stderr);
  assert.match(stderr, /wrote .*photos\.thaw\.yaml/);
  assert.match(stdout, /photos\.csv:50:1 error manifest-row: "gone\.jpg" is not there/);
  assert.match(stdout, /photos\.csv:51:1 error manifest-row: the label is empty/);
  const [data] = await factsOf(workspace.lastRun(), 'data');
  assert.deepEqual([data!.data.classes, data!.data.leftOut, data!.data.splitBy], [kinds, { 'manifest-row': 2 }, 'the manifest\'s own train, validation, test']);
  assert.equal(data!.data.subset, '44 of 48 photos: a subset of 75.0 %');
  const [verdict] = await factsOf(workspace.lastRun(), 'verdict');
  assert.match(verdict!.verdict.words, /This was a try on 44 of 48 photos: a subset of 75\.0 %\.$/);
});

test('several labels are learnt, judged by exact match, and predicted with a probability each', async (t) => {
  const workspace = new Workspace(t), labels: Readonly<Record<string, string[]>> = { cardboard: ['fibre', 'thick'], paper: ['fibre'], glass: ['hard', 'clear'], metal: ['hard'] };
  workspace.write('tags.jsonl', photos.map(({ kind, path }) => JSON.stringify({ image: path, labels: labels[kind] })).join('\n'));
  workspace.write('tags.thaw.yaml', plan('task: image-multi-label\ndata: { manifest: tags.jsonl }'));
  const { code, stdout } = await workspace.thaw('run', 'tags.thaw.yaml');
  assert.equal(code, 0, stdout);
  assert.match(stdout, /48 images with 4 labels/);
  assert.match(stdout, /Test exact match .* images right in all labels\nmean average precision [01]\.\d+ · micro F1 [01]\.\d+ · macro F1 [01]\.\d+/);
  const run = workspace.lastRun(), [tested] = await factsOf(run, 'tested'), controls = await factsOf(run, 'control');
  const blind = controls.find(({ control }) => control === 'blind')!;
  assert.ok(tested!.metrics!['meanAveragePrecision']! > blind.metrics!['meanAveragePrecision']! + 0.1, 'it has learnt something');
  const [first] = readFileSync(join(run.evaluations, 'test.jsonl'), 'utf8').split('\n');
  const prediction = JSON.parse(first!) as { labels: number[]; predicted: number[]; probabilities: number[] };
  assert.equal(prediction.probabilities.length, 4);
  assert.deepEqual(prediction.predicted, [0, 1, 2, 3].filter((label) => prediction.probabilities[label]! >= 0.5));
  const said = JSON.parse((await workspace.thaw('predict', 'latest', photos[0]!.path, '--json')).stdout) as { top: { label: string; probability: number }[] }[];
  assert.deepEqual(said[0]!.top.map(({ label }) => label).sort(), ['clear', 'fibre', 'hard', 'thick']);
});

test('numbers are learnt standardised, and come back in their own unit', async (t) => {
  const workspace = new Workspace(t), price: Readonly<Record<string, number>> = { cardboard: 100, glass: 400, metal: 500, paper: 200 };
  workspace.write('prices.csv', ['image;price', ...photos.map(({ kind, path }, i) => `${path};${price[kind]! + i}`)].join('\n'));
  workspace.write('prices.thaw.yaml', plan('task: image-regression\ndata: { manifest: prices.csv }'));
  const { code, stdout } = await workspace.thaw('run', 'prices.thaw.yaml');
  assert.equal(code, 0, stdout);
  assert.match(stdout, /48 images with a number each/);
  assert.match(stdout, /Test R² 0\.\d+ .*\nmean absolute error \d+(\.\d+)? · root mean squared error/);
  const run = workspace.lastRun(), [tested] = await factsOf(run, 'tested'), blind = (await factsOf(run, 'control')).find(({ control }) => control === 'blind')!;
  assert.ok(tested!.metrics!['meanAbsoluteError']! < 0.8 * blind.metrics!['meanAbsoluteError']!, 'it has learnt something');
  assert.equal(manifestOf(run).task, 'image-regression');
  const { verdict } = (await factsOf(run, 'verdict'))[0]!;
  assert.equal(verdict.headline, 'Not assessed whether transfer helps', 'too few items, and no control that decides');
  assert.ok(verdict.spread! > 50 && verdict.comparisons.every(({ control, gapPt, items }) => items === tested!.accuracy.items && (control !== 'blind' || gapPt > 20)), JSON.stringify(verdict));
  const [line] = readFileSync(join(run.evaluations, 'trace.jsonl'), 'utf8').split('\n');
  assert.equal((JSON.parse(line!) as { said: number[] }).said.length, tested!.accuracy.items);
  const said = JSON.parse((await workspace.thaw('predict', 'latest', photos[0]!.path, photos[15]!.path, '--json')).stdout) as { number: number }[];
  assert.ok(said.every(({ number }) => number > 0 && number < 700) && said[0]!.number < said[1]!.number, JSON.stringify(said));
});

test('variants and seeds make their runs one after the other, in one group, with a table at the end; a budget ends one early', async (t) => {
  const workspace = new Workspace(t);
  workspace.photos({ glass: 10, paper: 10 });
  workspace.write('many.thaw.yaml', 'thaw: 1\ndata: { folder: photos }\nstages: [{ train: [head], epochs: 2, augment: none }]\ncontrols: [blind]\nvariants: { rate: { low: 1e-3, high: 1e-2 } }\nseeds: 2\nbatch: 8\n');
  const { code, stdout } = await workspace.thaw('run', 'many.thaw.yaml');
  assert.equal(code, 0, stdout);
  const runs = workspace.runs().map(manifestOf);
  assert.deepEqual(runs.map(({ sweep, status }) => [sweep?.name, status]), ['low · seed 1', 'low · seed 2', 'high · seed 1', 'high · seed 2'].map((name) => [name, 'finished']));
  assert.equal(new Set(runs.map(({ sweep }) => sweep?.id)).size, 1);
  assert.deepEqual(runs.map(({ seedOf }) => seedOf), [undefined, runs[0]!.id, undefined, runs[2]!.id]);
  assert.match(readFileSync(workspace.runs()[3]!.resolvedPlan, 'utf8'), /rate: 0\.01 {2}# variant[^]*seed: 2 {2}# variant/);
  assert.match(stdout, / {2}run +validation loss +validation +test\n(.* seed [12] +\d\.\d{4} .*\n){4}\n {2}variant +validation loss +validation +test +against the best\n(.*(low|high) · 2 seeds +\d\.\d{4} ± \d\.\d{4} +[\d.]+ % ± [\d.]+ +[\d.]+ % ± [\d.]+.*\n){2}Against the best/);
  assert.match(stdout, /[+−]?\d+\.\d points \([+−]\d+\.\d to [+−]\d+\.\d\), (not )?shown/);
  workspace.write('short.thaw.yaml', 'thaw: 1\ndata: { folder: photos }\nstages: [{ train: [head], epochs: 10000, augment: none }]\nstop: { patience: 10000 }\ncontrols: [blind]\nbudget: 1 s\nbatch: 8\n');
  const short = await workspace.thaw('run', 'short.thaw.yaml');
  assert.equal(short.code, 0, short.stdout);
  assert.match(short.stdout, /warning budget-spent: the budget of 1 s ended at step \d+/);
  assert.match((await workspace.thaw('predict', 'latest', samplePhotos(1)[0]!)).stdout, /%/);
});
