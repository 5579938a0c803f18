/** The keys of a stage, from an experiment file to weights: all at once, on real photos, with a control that does the same. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readFileSync } from 'node:fs';
import { factsOf, manifestOf, Workspace } from '../../support/product.ts';

const experiment = `thaw: 1
data: { folder: photos }
batch: 4
controls: [blind, random-features]
stop: { minImprovement: 0.001 }
stages:
  - name: probe
    train: [head]
    steps: 2
    optimizer: nesterov
    rate: 0.05
    schedule: one-cycle
    augment: light
    views: 2
    mixup: 0.2
    labelSmoothing: 10%
    classBalance: effective
    accumulate: 2
  - name: thaw
    train: [head, conv_head]
    epochs: 1
    rate: 1e-4
    schedule: polynomial
    clip: 1
    dropout: 20%
    loss: focal
    cutmix: 1
    augment: [crop, color]
    views: 2
    ema: 0.9
    wiseFt: auto
    regularize: { l2sp: 0.01, delta: 0.1, bss: 0.001, lwf: 0.5 }
`;

test('an experiment with every kind of key runs, says what it kept, and its random control leaves out the source head', async (t) => {
  const workspace = new Workspace(t);
  workspace.photos({ glass: 6, paper: 4 });
  workspace.write('keys.thaw.yaml', experiment);
  const { code, stdout, stderr } = await workspace.thaw('run', 'keys.thaw.yaml');
  assert.equal(code, 0, stdout + stderr);
  const run = workspace.runs().find((each) => manifestOf(each).controlOf === undefined)!;
  const [planned] = await factsOf(run, 'planned');
  assert.deepEqual(planned!.stages.map(({ epochs, stepsPerEpoch }) => [epochs, stepsPerEpoch]), [[2, 1], [1, 2]]);
  assert.equal(planned!.totalSteps, 2 + 2);
  const evaluated = await factsOf(run, 'evaluated');
  assert.deepEqual([...new Set(evaluated.map(({ step }) => step))], [0, 1, 2, 4]);
  assert.ok(evaluated.every(({ loss }) => Number.isFinite(loss)));
  const steps = await factsOf(run, 'step');
  assert.ok(steps.every(({ loss }) => Number.isFinite(loss)));
  assert.match(readFileSync(run.resolvedPlan, 'utf8'), /regularize:\n {6}l2sp: 0\.01 {2}# file/);
  const [verdict] = await factsOf(run, 'verdict');
  assert.deepEqual(verdict!.verdict.missing.map(({ control }) => control), ['knn', 'linear-probe', 'scratch']);
});

test('from scratch, nothing is transferred: random weights train whole, and controls that would do the same are left out with their reason', async (t) => {
  const workspace = new Workspace(t);
  workspace.photos({ glass: 8, paper: 8 });
  const { code, stdout, stderr } = await workspace.thaw('run', 'photos', '--preset', 'from-scratch', '--set', 'backbone=resnet20_cifar10', '--set', 'stages.0.epochs=2', '--set', 'batch=8', '--budget', '5 min');
  assert.equal(code, 0, stdout + stderr);
  const text = readFileSync(workspace.path('photos.thaw.yaml'), 'utf8');
  assert.match(text, /^weights: random$/m);
  assert.match(text, /^budget: 5 min +# for training/m);
  const [run] = workspace.runs(), [planned] = await factsOf(run!, 'planned'), [verdict] = await factsOf(run!, 'verdict');
  assert.ok(planned!.stages[0]!.trainedParameters > 250_000, 'every layer trains');
  assert.deepEqual(verdict!.verdict.missing.filter(({ why }) => why === 'the run itself starts at random').map(({ control }) => control).sort(), ['random-features', 'scratch']);
  assert.deepEqual(verdict!.verdict.comparisons.map(({ control }) => control), ['blind', 'knn', 'linear-probe'], 'what pretrained features would have given stands beside it');
  assert.deepEqual((await factsOf(run!, 'warning')).filter(({ diagnostic }) => diagnostic.severity === 'error'), []);
});
