import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bundledBackbones } from '../../../src/backbones/backbones.ts';
import { presets, experimentText, recommend } from '../../../src/experiment/presets.ts';
import { resolveExperiment } from '../../../src/experiment/resolve.ts';

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

test('every stage that thaws blocks follows a probe and learns more slowly than it', () => {
  for (const { name } of presets) {
    const resolved = resolveExperiment(experimentText(name, { folder: 'x' }), { file: '', folderOf: (written) => written, backbones: bundledBackbones });
    assert.ok(resolved.ok);
    const [probe, ...later] = resolved.value.plan.stages;
    assert.deepEqual(probe!.train, ['head']);
    for (const stage of later) assert.ok(stage.rate < probe!.rate && stage.layerDecay < 1 && stage.train.length > 0);
  }
});

test('what is recommended grows with the photos per class, and says why', () => {
  assert.deepEqual([[360, 6], [5000, 10], [100_000, 10]].map(([images, classes]) => recommend({ images: images!, classes: classes! }).preset), ['features-only', 'top-blocks', 'everything']);
  assert.match(recommend({ images: 360, classes: 6 }).why, /^60 photos per class/);
  assert.equal(recommend({ images: 0, classes: 0 }).preset, 'features-only');
});
