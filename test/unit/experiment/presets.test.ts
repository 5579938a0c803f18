import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bundledBackbones } from '../../../src/backbones/backbones.ts';
import { filledBlocks } from '../../../src/backbones/blocks.ts';
import { lint } from '../../../src/experiment/lint.ts';
import { readExperiment } from '../../../src/experiment/parse.ts';
import { matchPatterns } from '../../../src/backbones/freezePlan.ts';
import { networkOf } from '../../../src/backbones/networkOf.ts';
import { presets, experimentText, type PresetName } from '../../../src/experiment/presets.ts';
import type { StagePlan } from '../../../src/experiment/plan.ts';
import { resolveExperiment, type Resolved } from '../../../src/experiment/resolve.ts';

const hostileFolders = ['flowers', 'my photos', 'a: b # c', '<img onerror=1>', 'line\nbreak', '"quoted"', '‮gpj', '-', 'no', '[x]'];

for (const preset of presets) {
  test(`the file of "${preset.title}" resolves without a remark, whatever the folder is called`, () => {
    for (const folder of hostileFolders) {
      const text = experimentText(preset.name, { folder, because: 'Seen in the folder:\n6 classes.' });
      const resolved = resolveExperiment(text, { file: '', folderOf: (written) => written, backbones: bundledBackbones });
      assert.ok(resolved.ok, text);
      assert.deepEqual(resolved.warnings, []);
      assert.equal(resolved.value.plan.data.folder, folder);
      assert.match(text, /# Seen in the folder: 6 classes\./); // a line break in a comment would end it
      assert.match(text, /arXiv:/); // every recipe names its source
    }
  });
}

/** Convolutions with flat and nested blocks, a small residual network, a transformer: one of each shape of block names. */
const backbones = ['efficientnet_lite0', 'resnet20_cifar10', 'hf:timm/resnet50.a1_in1k', 'hf:timm/vit_tiny_patch16_224.augreg_in21k_ft_in1k'];

function planOf(preset: PresetName, backbone: string): Resolved {
  const text = experimentText(preset, { folder: 'x', backbone });
  const resolved = resolveExperiment(text, { file: '', folderOf: (written) => written, backbones: bundledBackbones });
  assert.ok(resolved.ok, text);
  assert.deepEqual(resolved.warnings.filter(({ code }) => code !== 'backbone-not-fetched'), [], `${preset} ${backbone}`);
  const { plan, backbone: found } = resolved.value, network = found && networkOf(found);
  assert.deepEqual(lint({ plan, written: readExperiment(text, '').written, network, isWhole: true, images: 400 }, ''), [], `${preset} ${backbone}`);
  return resolved.value;
}

for (const backbone of backbones) test(`every preset fits ${backbone}: patterns match, heads go first or with lower blocks behind, stages grow`, () => {
  for (const { name } of presets) {
    const { plan: { stages }, backbone: found } = planOf(name, backbone), network = networkOf(found!);
    const trained = stages.map(({ train }) => matchPatterns(network, train).trained);
    for (const [i, stage] of stages.entries()) {
      assert.ok([...trained[i]!].some((parameter) => parameter.startsWith('head.')), `${name} ${stage.name}`);
      if (i > 0) assert.ok([...trained[i - 1]!].every((parameter) => trained[i]!.has(parameter)) && trained[i]!.size > trained[i - 1]!.size, `${name} ${stage.name} trains more than before`);
    }
    const all = filledBlocks(network).reduce((sum, { parameters }) => sum + parameters.length, 0);
    assert.equal(trained.at(-1)!.size === all, !['features-only', 'few-images', 'top-blocks'].includes(name), name);
    assert.equal(new Set(stages.map((stage) => stage.name)).size, stages.length);
  }
});

test('what is thawed is named by the backbone\'s own blocks, from the top', () => {
  const trains = (preset: PresetName, backbone: string): string[] => planOf(preset, backbone).plan.stages.map(({ train }) => train.join(' '));
  assert.deepEqual(backbones.map((backbone) => trains('top-blocks', backbone)[1]), [
    'blocks.5 blocks.6 conv_head head', 'layer3 head', 'layer3 layer4 head', 'blocks.8 blocks.9 blocks.10 blocks.11 norm head',
  ]);
  assert.deepEqual(trains('gradual', backbones[2]!), ['head', 'layer3 layer4 head', 'layer2 layer3 layer4 head', 'layer1 layer2 layer3 layer4 head', 'all']);
  assert.deepEqual(backbones.map((backbone) => trains('gradual', backbone).length), [5, 5, 5, 5]);
});

test('a backbone whose blocks nobody knows yet gets patterns that hold for any, and the file says so', () => {
  for (const { name } of presets) {
    const { plan: { stages } } = planOf(name, 'hf:somebody/something');
    for (const { train } of stages) assert.ok(['head', 'all'].includes(train.join()), `${name}: ${train.join()}`);
  }
  assert.match(experimentText('gradual', { folder: 'x', backbone: 'hf:somebody/something' }), /# The blocks of this backbone are known once it has been fetched/);
});

test('a stage that thaws blocks after a probe learns more slowly than it, and one that has none learns more slowly below', () => {
  const isProbe = ({ train }: StagePlan): boolean => train.join() === 'head';
  for (const { name } of presets) {
    const { plan: { stages, weights } } = planOf(name, 'efficientnet_lite0'), probe = stages.find(isProbe);
    for (const stage of stages.filter((each) => !isProbe(each))) assert.ok(weights === 'random' || (probe ? stage.rate <= probe.rate / 10 : stage.layerDecay < 1), `${name} ${stage.name}`);
  }
});

test('from scratch, nothing is pretrained, and controls that would repeat the run are not asked for', () => {
  const { plan } = planOf('from-scratch', 'efficientnet_lite0');
  assert.equal(plan.weights, 'random');
  assert.ok(!plan.controls.some((control) => control === 'scratch' || control === 'random-features'));
  assert.equal(plan.stages[0]!.batchNorm, 'batch');
  assert.equal(planOf('from-scratch', backbones[3]!).plan.stages[0]!.batchNorm, 'stored', 'a transformer has none to choose for');
});
