/** What is computed once is used again, whole: features across runs, the split when photos are added, the same numbers from the same seed. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { decodeSafetensors } from '../../../src/backbones/safetensors.ts';
import { parseManifest } from '../../../src/data/manifest.ts';
import { readCheckpoint } from '../../../src/runs/checkpoint.ts';
import type { RunFolder } from '../../../src/runs/runFolder.ts';
import { eventsOf, factsOf, manifestOf, valueOf, Workspace } from '../../support/product.ts';

/** All numbers that a run came to, without times. */
async function numbersOf(run: RunFolder): Promise<unknown> {
  const found = (await eventsOf(run)).filter(({ type }) => type === 'evaluated' || type === 'tested' || type === 'control');
  return [found.map((event) => ({ ...event, seq: 0, at: '' })), readFileSync(join(run.evaluations, 'test.jsonl'), 'utf8'), manifestOf(run).dataFingerprint];
}

const featuresOf = (workspace: Workspace): string => workspace.path('.thaw/cache/features');

/** Records in the feature cache: one for each image that ever went through the frozen layers. */
function recordsIn(folder: string): number {
  const sizes = readdirSync(folder).filter((name) => name.endsWith('.data')).map((name) => statSync(join(folder, name)).size);
  return sizes.reduce((a, b) => a + b, 0) / (1280 * Uint16Array.BYTES_PER_ELEMENT);
}

test('a second run computes nothing and gives the same numbers; so does one that finds its cache damaged, and says it', async (t) => {
  const workspace = new Workspace(t), experiment = workspace.quickExperiment();
  assert.equal((await workspace.thaw('run', experiment)).code, 0);
  const first = workspace.lastRun(), numbers = await numbersOf(first);
  assert.equal(manifestOf(first).engine?.name, 'wasm');
  assert.equal(recordsIn(featuresOf(workspace)), 16);

  assert.equal((await workspace.thaw('run', experiment)).code, 0);
  assert.equal(recordsIn(featuresOf(workspace)), 16);
  assert.equal(manifestOf(workspace.lastRun()).engine?.prefix, undefined, 'ONNX Runtime was not even started');
  assert.deepEqual(await numbersOf(workspace.lastRun()), numbers);

  damageOneRecord(featuresOf(workspace));
  const { code, stdout } = await workspace.thaw('run', experiment);
  assert.equal(code, 0);
  assert.match(stdout, /warning cache-corrupt: the feature cache has damaged records \(nothing to do: they are computed again/);
  assert.equal(recordsIn(featuresOf(workspace)), 17);
  assert.deepEqual(await numbersOf(workspace.lastRun()), numbers);
});

function damageOneRecord(folder: string): void {
  const name = readdirSync(folder).find((each) => each.endsWith('.data'))!;
  const bytes = readFileSync(join(folder, name));
  bytes[5000]! ^= 0x40;
  writeFileSync(join(folder, name), bytes);
}

test('photos that are added do not move the old ones', async (t) => {
  const workspace = new Workspace(t), experiment = workspace.quickExperiment();
  await workspace.thaw('run', experiment);
  const before = splitsOf(workspace.lastRun());
  assert.equal(before.size, 16);

  workspace.photos({ glass: 14, paper: 12 });
  assert.match((await workspace.thaw('run', experiment)).stdout, /26 images in 2 classes: .*seed 7; 16 images stay where an earlier run had them\)/);
  const after = splitsOf(workspace.lastRun());
  assert.equal(after.size, 26);
  for (const [path, split] of before) assert.equal(after.get(path), split, path);
  const counts = (await factsOf(workspace.lastRun(), 'data'))[0]!.data;
  assert.deepEqual([counts.train, counts.validation, counts.test], [[10, 8], [2, 2], [2, 2]]);
});

function splitsOf(run: RunFolder): Map<string, string> {
  const { lines, unreadable } = parseManifest(readFileSync(run.dataManifest, 'utf8'));
  assert.equal(unreadable, 0);
  return new Map(lines.map(({ path, split = 'left out' }) => [path, split] as const).sort());
}

test('blocks thaw on cached features of their own boundary, and a finished run holds all that was trained', async (t) => {
  const workspace = new Workspace(t);
  workspace.photos({ glass: 4, paper: 4 });
  workspace.write('thaw.thaw.yaml', 'thaw: 1\ndata: { folder: photos }\nbatch: 4\ncontrols: [blind, knn]\nstages:\n  - { train: [head], epochs: 1, augment: none }\n  - { train: [head, conv_head], epochs: 1, augment: none, rate: 1e-4 }\n');
  const { code, stdout } = await workspace.thaw('run', 'thaw.thaw.yaml');
  assert.equal(code, 0, stdout);
  const run = workspace.lastRun(), stages = await factsOf(run, 'stage');
  assert.deepEqual(stages.map(({ stage, step }) => [stage, step]), [[0, 0], [1, 1]]);
  assert.ok(existsSync(run.best) && existsSync(run.last));
  const predicted = await workspace.thaw('predict', 'latest', 'photos/paper/0.jpg', '--json');
  assert.equal(predicted.code, 0, predicted.stderr);
});

test('photos of another size have features of their own, and a run predicts at the size that it was trained at', async (t) => {
  const workspace = new Workspace(t), experiment = workspace.quickExperiment();
  for (const size of ['64', '96']) assert.equal((await workspace.thaw('run', experiment, '--set', `inputSize=${size}`)).code, 0);
  assert.equal(recordsIn(featuresOf(workspace)), 32);
  const [told] = readFileSync(join(workspace.lastRun().evaluations, 'test.jsonl'), 'utf8').split('\n');
  const { path, top } = JSON.parse(told!) as { readonly path: string; readonly top: readonly { readonly probability: number }[] };
  const [answer] = JSON.parse((await workspace.thaw('predict', 'latest', join('photos', path), '--json')).stdout) as readonly { readonly top: readonly { readonly probability: number }[] }[];
  // Judged on float16 features. At 224 pixels these probabilities are 0.01 and more apart.
  assert.ok(Math.abs(answer!.top[0]!.probability - top[0]!.probability) < 1e-3, `${answer!.top[0]!.probability}, judged at ${top[0]!.probability}`);
  const refused = await workspace.thaw('run', experiment, '--set', 'inputSize=20');
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /out-of-range: inputSize is 20 \(write auto or a whole number, 32 to 2048\)/);
});

test('a backbone that ends after an earlier block trains, is controlled, looked back at and predicts as that shorter network, on features of its own', async (t) => {
  const workspace = new Workspace(t);
  workspace.photos({ glass: 24, paper: 24 });
  workspace.write('early.thaw.yaml', 'thaw: 1\ndata: { folder: photos, split: { train: 50%, validation: 35%, test: 15% } }\nbackbone: resnet20_cifar10\nfeatures: layer2\nbatch: 8\ncontrols: [blind, knn, scratch]\nstages:\n  - { train: [head], epochs: 1, augment: none }\n  - { train: [layer2, head], epochs: 2, augment: none, rate: 1e-4 }\n');
  const { code, stdout, stderr } = await workspace.thaw('run', 'early.thaw.yaml');
  assert.equal(code, 0, stdout + stderr);
  const run = workspace.runs().find((each) => manifestOf(each).controlOf === undefined)!, added = await workspace.thaw('control', run.id, 'linear-probe');
  assert.equal(added.code, 0, added.stdout + added.stderr);

  const namesIn = (of: RunFolder): ReadonlyMap<string, readonly number[]> => new Map([...valueOf(decodeSafetensors(valueOf(readCheckpoint(of, 'best'))!.weights, ''))].map(([name, { shape }]) => [name, shape]));
  const controls = workspace.runs().filter((each) => manifestOf(each).controlOf === run.id);
  assert.deepEqual(controls.map((each) => manifestOf(each).control), ['scratch', 'linear-probe']);
  for (const each of [run, ...controls]) {
    const names = namesIn(each);
    assert.deepEqual(names.get('head.weight'), [2, 32], 'a head on the 32 channels of layer2');
    assert.deepEqual([...names.keys()].filter((name) => name.startsWith('layer3')), []);
  }
  assert.ok(namesIn(controls[0]!).has('conv1.weight'), 'from scratch, all of it trains');
  const [looked] = await factsOf(run, 'transferred');
  assert.deepEqual(looked!.transfer.changes.filter(({ path }) => !path.includes('.')).map(({ path, change }) => [path, change > 0]), [['stem', false], ['layer1', false], ['layer2', true]]);
  assert.match(looked!.transfer.notes.join(), /needs the features of the last block/);

  const { path, top } = JSON.parse(readFileSync(join(run.evaluations, 'test.jsonl'), 'utf8').split('\n')[0]!) as { readonly path: string; readonly top: readonly { readonly probability: number }[] };
  const [answer] = JSON.parse((await workspace.thaw('predict', run.id, join('photos', path), '--json')).stdout) as readonly { readonly top: readonly { readonly probability: number }[] }[];
  assert.ok(Math.abs(answer!.top[0]!.probability - top[0]!.probability) < 1e-3, `${answer!.top[0]!.probability}, judged at ${top[0]!.probability}`);
  assert.match((await workspace.thaw('cache')).stdout, /resnet20_cifar10 to layer2 up to pooled, 32 × 32/);
});
