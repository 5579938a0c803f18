/** What is said of a run before it runs, what it takes, and what it leaves in the cache. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import type { CachedFeatures, CostBasis, CutPrediction, Prediction } from '../../../src/protocol/answers.ts';
import { factsOf, manifestOf, samplePhotos, Workspace } from '../../support/product.ts';

interface Costs {
  readonly basis: CostBasis;
  readonly stages: readonly (Prediction & { readonly name: string })[];
  readonly cuts: readonly CutPrediction[];
}

test('every cut is predicted, as a table and as JSON, and the machine is measured only once', async (t) => {
  const workspace = new Workspace(t), experiment = workspace.quickExperiment();
  workspace.variables['THAW_CACHE'] = workspace.path('cache'); // runs of other tests teach the shared one meanwhile
  const first = await workspace.thaw('cost', experiment, '--json');
  assert.equal(first.code, 0, first.stderr);
  const { basis, stages, cuts } = JSON.parse(first.stdout) as Costs;
  assert.deepEqual([basis.images, basis.classes, basis.engine], [16, 2, 'wasm']);
  assert.deepEqual(cuts.map(({ path }) => path), ['stem', 'blocks.0', 'blocks.1', 'blocks.2', 'blocks.3', 'blocks.4', 'blocks.5', 'blocks.6', 'conv_head', 'head']);
  for (const [i, { epochMs, peakBytes }] of cuts.entries()) {
    const before = cuts[i - 1];
    assert.ok(epochMs > 0 && peakBytes > 0 && (!before || (epochMs < before.epochMs && peakBytes <= before.peakBytes)));
  }
  assert.deepEqual([cuts[0]!.cacheBytes, cuts.at(-1)!.cacheBytes, stages[0]!.boundary], [0, 16 * 1280 * 2, 'global_pool']);

  const again = await workspace.thaw('cost', experiment);
  assert.equal(again.code, 0, again.stderr);
  assert.match(again.stdout, /^16 photos, 2 classes, batch 8, on wasm; up to \d/);
  assert.match(again.stdout, /^ {2}trains from +parameters +features, once +an epoch +memory +cache$/m);
  assert.match(again.stdout, /^ {2}blocks\.5 +[\d.]+ M +.* s +\d+(\.\d+)? [MG]iB +\d+(\.\d+)? [KM]iB$/m);
  assert.match(again.stdout, /^ {2}stage stage 1 +× 2 epochs/m);
  assert.equal((JSON.parse((await workspace.thaw('cost', experiment, '--json')).stdout) as Costs).basis.rates.backward.msPerDenseGflop, basis.rates.backward.msPerDenseGflop);
});

test('the photos that a plan uses are counted: of columns with names of their own, a subset, and so many of a class', async (t) => {
  const workspace = new Workspace(t), rows = [...samplePhotos(1).slice(0, 10), ...samplePhotos(2).slice(0, 10)].map((path, i) => `${path},${i < 10 ? 'glass' : 'metal'},${i}`);
  workspace.write('odd.csv', ['what is it,kind,weight', ...rows].join('\n'));
  const basisOf = async (data: string, task = 'image-classification'): Promise<readonly number[]> => {
    workspace.write('odd.thaw.yaml', `thaw: 1\ntask: ${task}\ndata: { manifest: odd.csv, ${data} }\n`);
    const { code, stdout, stderr } = await workspace.thaw('cost', 'odd.thaw.yaml', '--json');
    assert.equal(code, 0, stderr);
    const { images, classes } = (JSON.parse(stdout) as Costs).basis;
    return [images, classes];
  };
  assert.deepEqual(await basisOf('columns: { image: what is it, label: kind }, subset: 50%'), [10, 2]);
  assert.deepEqual(await basisOf('columns: { image: what is it, label: kind }, maxPerClass: 3'), [6, 2]);
  assert.deepEqual(await basisOf('columns: { image: what is it, label: weight }', 'image-regression'), [20, 1]);
});

test('what cannot be predicted is said as any other problem', async (t) => {
  const workspace = new Workspace(t);
  workspace.write('none.thaw.yaml', 'thaw: 1\ndata: { folder: nowhere }\n');
  const { code, stderr } = await workspace.thaw('cost', 'none.thaw.yaml');
  assert.equal(code, 1);
  assert.match(stderr, /error no-folder/);
});

test('a run ends with what it took, beside what was predicted', async (t) => {
  const workspace = new Workspace(t);
  const { code, stdout } = await workspace.thaw('run', workspace.quickExperiment());
  assert.equal(code, 0);
  const [measured] = await factsOf(workspace.lastRun(), 'measured'), [planned] = await factsOf(workspace.lastRun(), 'planned');
  const [stage] = measured!.stages;
  assert.ok(stage && stage.epochMs > 0 && stage.predictedEpochMs === planned!.stages[0]!.predicted?.epochMs);
  assert.ok(measured!.peakBytes > 50e6 && measured!.peakBytes < 8e9);
  assert.match(stdout, /epochs of stage 1 [\d.]+ m?s \(predicted [\d.]+ m?s\) · memory \d+(\.\d+)? [MG]iB \(predicted \d+(\.\d+)? [MG]iB\)/);
});

test('the cache is listed by name and size, and cleared; then features are computed again', async (t) => {
  const workspace = new Workspace(t), experiment = workspace.quickExperiment();
  assert.equal((await workspace.thaw('cache')).stdout, 'no features are kept here\n');
  await workspace.thaw('run', experiment);
  const listed = JSON.parse((await workspace.thaw('cache', 'list', '--json')).stdout) as CachedFeatures[];
  assert.deepEqual(listed.map(({ title }) => title), ['efficientnet_lite0 up to global_pool, 224 × 224']);
  assert.equal(listed[0]!.sizeBytes, 16 * 1280 * 2 + 16 + 16 * 44);
  assert.match((await workspace.thaw('cache', 'list')).stdout, /^ {2}efficientnet_lite0 up to global_pool, 224 × 224 +40\.7 KiB +used \d{4}-\d\d-\d\d \d\d:\d\d UTC\n40\.7 KiB in all$/m);
  assert.equal((await workspace.thaw('cache', 'clear')).stdout, '40.7 KiB freed\n');
  assert.deepEqual(readdirSync(workspace.path('.thaw/cache/features')), []);
  await workspace.thaw('run', experiment);
  assert.ok(manifestOf(workspace.lastRun()).engine?.prefix, 'ONNX Runtime had to work again');
});

test('the cache keeps its limit between runs, and says when a run alone is beyond it', async (t) => {
  const workspace = new Workspace(t), experiment = workspace.quickExperiment();
  const { code, stdout } = await workspace.thaw('run', experiment, '--feature-cache-gb', '0.00001');
  assert.equal(code, 0);
  assert.match(stdout, /warning cache-full: the features of this run take 40\.7 KiB of disk, and the cache may keep 9\.8 KiB: .*\(raise thaw\.featureCache\.maxGb, or use --feature-cache-gb\)/);
  assert.equal(existsSync(workspace.path('.thaw/cache/features')), true);
  assert.equal((await workspace.thaw('cache')).stdout, 'no features are kept here\n');
  assert.equal((await workspace.thaw('run', experiment, '--feature-cache-gb', 'much')).code, 1);
});

test('nothing is cleared while a run trains', async (t) => {
  const workspace = new Workspace(t);
  workspace.photos({ glass: 8, paper: 8 });
  workspace.write('long.thaw.yaml', 'thaw: 1\ndata: { folder: photos }\ncontrols: []\nstop: { patience: 5000 }\nstages: [{ train: [head], epochs: 5000, augment: none }]\n');
  const running = workspace.start('run', 'long.thaw.yaml');
  await running.said(/head trains/);
  const { code, stderr } = await workspace.thaw('cache', 'clear');
  assert.equal(code, 1);
  assert.match(stderr, /error trainer-busy: a run trains here and uses the feature cache \(clear it when the run has ended\)/);
  running.process.kill('SIGINT');
  await running.ended;
});

test('where memory is short, a batch goes through in parts and the run says so', async (t) => {
  const workspace = new Workspace(t);
  workspace.photos({ glass: 8, paper: 8 });
  workspace.write('large.thaw.yaml', 'thaw: 1\ndata: { folder: photos }\nbatch: 8\ncontrols: []\nstages: [{ train: [head, conv_head, blocks.6], epochs: 1, augment: none, batchNorm: batch }]\n');
  const cramped = { ...workspace.environment, THAW_MEMORY_GB: '0.2' };
  const { code, stdout } = await workspace.thawIn(cramped, 'run', 'large.thaw.yaml');
  assert.equal(code, 0, stdout);
  assert.match(stdout, /warning batch-split: stage "stage 1": a batch of 8 does not fit into memory at once; it goes through in parts of 1, .*Its batch norms see 1 photos at a time/);
});
