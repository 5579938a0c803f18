import assert from 'node:assert/strict';
import { test } from 'node:test';
import { architectureNames } from '../../../src/backbones/architectures.ts';
import { bundledBackbones } from '../../../src/backbones/backbones.ts';
import { resolveExperiment } from '../../../src/experiment/resolve.ts';
import { diagnosticText } from '../../../src/protocol/diagnostic.ts';

const resolve = (backbone: string, stages = '[{ train: [head] }]') => resolveExperiment(`thaw: 1\ndata: { folder: x }\nbackbone: ${backbone}\nstages: ${stages}\n`, { file: 'f', folderOf: (written) => `/at/${written}`, backbones: bundledBackbones });
const problems = (backbone: string, stages?: string): readonly string[] => {
  const resolved = resolve(backbone, stages);
  return (resolved.ok ? resolved.warnings : resolved.errors).map(diagnosticText);
};

test('a name of timm says its architecture: layers are known and checked before anything is fetched', () => {
  const resolved = resolve('hf:timm/tf_efficientnet_lite0.in1k');
  assert.ok(resolved.ok);
  assert.equal(resolved.value.backbone?.network(2).nodes.at(-1)?.name, 'head');
  assert.deepEqual(problems('hf:timm/tf_efficientnet_lite0.in1k'), ['f:3:11 information backbone-not-fetched: hf:timm/tf_efficientnet_lite0.in1k has not been fetched yet (a run fetches it, and so does: thaw models add hf:timm/tf_efficientnet_lite0.in1k)']);
  assert.match(problems('hf:timm/tf_efficientnet_lite0.in1k', '[{ train: [head, blocks.9] }]')[0]!, /^f:4:26 error pattern-matches-nothing/);
});

test('each architecture of timm that can be built is known by its name, whatever the weights are tagged', () => {
  for (const name of architectureNames) {
    const found = bundledBackbones.find(`hf:timm/${name}.any_in1k`);
    assert.ok(found.ok && found.value?.name === name, name);
  }
});

test('of other owners only the fetched config can tell, so patterns are not judged yet', () => {
  const resolved = resolve('hf:someone/flowers@v1', '[{ train: [head, layer4] }]');
  assert.ok(resolved.ok);
  assert.equal(resolved.value.backbone, undefined);
  assert.deepEqual(resolved.warnings.map(({ code, severity }) => [code, severity]), [['backbone-not-fetched', 'information']]);
});

test('a folder is meant relative to the file', () => {
  const resolved = resolve('./mine');
  assert.ok(resolved.ok);
  assert.equal(resolved.value.plan.backbone, '/at/./mine');
});

test('a name that cannot be one is underlined, with what was probably meant', () => {
  assert.match(problems('hf:timm/tf_efficientnet_lite9.in1k')[0]!, /^f:3:11 error backbone-unsupported: hf:timm\/tf_efficientnet_lite9\.in1k is of the architecture "tf_efficientnet_lite9", which Thaw cannot build yet \(did you mean "tf_efficientnet_lite\d"\?/);
  assert.match(problems('hf:tf_efficientnet_lite0')[0]!, /^f:3:11 error unknown-backbone: "hf:tf_efficientnet_lite0" is not the name of a repository on a hub \(write hf:owner\/name/);
  assert.match(problems('tf_efficientnet_lite0.in1k')[0]!, /\(did you mean "hf:timm\/tf_efficientnet_lite0\.in1k"\?\)$/);
  assert.match(problems('timm/tf_efficientnet_lite0.in1k')[0]!, /\(did you mean "hf:timm\/tf_efficientnet_lite0\.in1k"\?\)$/);
  assert.match(problems('squeezenet')[0]!, /error unknown-backbone: no backbone "squeezenet" \(known: efficientnet_lite0, resnet20_cifar10; from a hub: hf:timm\/tf_efficientnet_lite0\.…\)/);
});
