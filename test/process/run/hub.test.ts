/** Backbones from a hub, through the real command line: fetched once, used offline, predicted with. */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { architectureOf } from '../../../src/backbones/architectures.ts';
import { randomWeights } from '../../../src/backbones/initialise.ts';
import { toSourceNames } from '../../../src/backbones/weightNames.ts';
import { asJson, asSafetensors, lite0Config, lite0Name, lite0Repository, randomLite0 } from '../../support/hubServer.ts';
import { experiment, hubSetting } from '../../support/hubSetting.ts';
import { factsOf, manifestOf } from '../../support/product.ts';
import { repoRoot } from '../../support/root.ts';

test('a backbone is fetched when its first run starts, used without a network from then on, and predicts', async (t) => {
  const { hub, workspace, name } = await hubSetting(t), commit = hub.commitOf(lite0Name);
  const checked = await workspace.thaw('check', 'hub.thaw.yaml');
  assert.deepEqual([checked.code, hub.asked.length], [0, 0], 'checking asks nobody');
  assert.match(checked.stderr, /hub\.thaw\.yaml:3:11 information backbone-not-fetched: hf:timm\/tf_efficientnet_lite0\.in1k has not been fetched yet/);

  const first = await workspace.thaw('run', 'hub.thaw.yaml');
  assert.equal(first.code, 0, first.stdout + first.stderr);
  const run = workspace.lastRun(), fetched = (await factsOf(run, 'progress')).filter(({ activity }) => activity === 'fetching');
  assert.deepEqual([fetched.at(-1)?.done, fetched.at(-1)?.total], [9_579_808, 9_579_808]);
  assert.equal(manifestOf(run).backbone, `${name}@${commit}`);
  assert.match(readFileSync(run.resolvedPlan, 'utf8'), new RegExp(`backbone: "${name}@${commit}" +# file`));

  hub.stop();
  const again = await workspace.thaw('run', 'hub.thaw.yaml'), offline = workspace.lastRun();
  assert.equal(again.code, 0, again.stdout + again.stderr);
  assert.notEqual(offline.id, run.id);
  assert.ok(!(await factsOf(offline, 'progress')).some(({ activity }) => activity === 'fetching'));
  const remarks = (await factsOf(offline, 'warning')).map(({ diagnostic }) => diagnostic.message);
  assert.ok(remarks.some((message) => message === `${name} is used as it was today (commit ${commit.slice(0, 7)}), without asking the hub`), remarks.join('\n'));

  // The very weights that Thaw brings along: the same numbers.
  workspace.write('bundled.thaw.yaml', experiment('efficientnet_lite0'));
  assert.equal((await workspace.thaw('run', 'bundled.thaw.yaml')).code, 0);
  const losses = async (of: typeof run): Promise<readonly number[]> => (await factsOf(of, 'evaluated')).map(({ loss }) => loss);
  assert.deepEqual(await losses(offline), await losses(workspace.lastRun()));
  assert.equal((await losses(run)).length, 3);

  const predicted = await workspace.thaw('predict', offline.path, 'photos/glass/0.jpg');
  assert.equal(predicted.code, 0, predicted.stderr);
  assert.match(predicted.stdout, /% {2}(glass|paper)/);
  const removed = await workspace.thaw('models', 'remove', name);
  assert.deepEqual([removed.code, removed.stdout], [0, `removed ${name}: 9.1 MiB are free again\n`]);
  const without = await workspace.thaw('predict', offline.path, 'photos/glass/0.jpg');
  assert.equal(without.code, 1);
  assert.match(without.stderr, new RegExp(`weights-missing: the backbone of the run "hub" is not on this machine \\(fetch it again: thaw models add ${name}@${commit}\\)`.replace('fetch it', 'fetch them')));
});

test('a ResNet of another owner: its layers are known once its config is, and it trains', async (t) => {
  const { hub, workspace } = await hubSetting(t, 'hf:someone/resnet'), architecture = architectureOf('resnet18')!;
  const weights = toSourceNames(randomWeights(architecture.network(3), 1), architecture.sourceHead);
  hub.repositories.set('someone/resnet', { files: { 'model.safetensors': asSafetensors(weights), 'config.json': asJson({ architecture: 'resnet18', num_classes: 3, pretrained_cfg: { input_size: [3, 64, 64], crop_pct: 1, classifier: 'fc' } }) } });
  workspace.write('hub.thaw.yaml', experiment('hf:someone/resnet').replace('[head]', '[head, layer4.1]'));
  assert.match((await workspace.thaw('check', 'hub.thaw.yaml')).stderr, /information backbone-not-fetched/);
  const { code, stdout, stderr } = await workspace.thaw('run', 'hub.thaw.yaml');
  assert.equal(code, 0, stdout + stderr);
  workspace.write('hub.thaw.yaml', experiment('hf:someone/resnet').replace('[head]', '[head, layer5]'));
  assert.match((await workspace.thaw('check', 'hub.thaw.yaml')).stderr, /no block or layer "layer5" in resnet18 \(did you mean "layer\d"\?\)/);
});

test('a token opens a gated backbone for a run, and stands nowhere afterwards', async (t) => {
  const { hub, workspace } = await hubSetting(t);
  hub.repositories.set(lite0Name, { ...lite0Repository(), access: 'gated' });
  hub.token = 'hf_verysecret';
  const refused = await workspace.thaw('run', 'hub.thaw.yaml');
  assert.equal(refused.code, 1);
  assert.match(refused.stdout.replace(/\s+/g, ' '), /is open only to those who have accepted its terms accept them at http:\/\/127\.0\.0\.1:\d+\/timm\/tf_efficientnet_lite0\.in1k, then set a token/);
  assert.deepEqual([manifestOf(workspace.lastRun()).status, manifestOf(workspace.lastRun()).problem?.code], ['failed', 'hub-gated']);
  workspace.variables['HF_TOKEN'] = hub.token;
  const { code, stdout, stderr } = await workspace.thaw('run', 'hub.thaw.yaml');
  assert.equal(code, 0, stdout + stderr);
  assert.ok(!(stdout + stderr).includes('verysecret'));
  for (const file of readdirSync(workspace.folder, { recursive: true, withFileTypes: true })) {
    if (file.isFile()) assert.ok(!readFileSync(join(file.parentPath, file.name)).includes('verysecret'), file.name);
  }
  assert.ok(hub.asked.filter(({ server }) => server === 'content').every(({ authorization }) => authorization === undefined));
});

test('a folder with config.json and safetensors is a backbone, and is held to what it was', async (t) => {
  const { workspace, hub } = await hubSetting(t, './mine');
  const missing = await workspace.thaw('check', 'hub.thaw.yaml');
  assert.match(missing.stderr, /^hub\.thaw\.yaml:3:11 error no-folder: there is no folder \S+\/mine \(check the path: it is relative to the experiment file\)/);
  mkdirSync(workspace.path('mine'));
  workspace.write('mine/config.json', asJson(lite0Config));
  assert.match((await workspace.thaw('check', 'hub.thaw.yaml')).stderr, /error weights-missing: there is no model\.safetensors in \S+\/mine/);
  cpSync(join(repoRoot, 'backbones', 'efficientnet_lite0', 'model.safetensors'), workspace.path('mine', 'model.safetensors'));
  const { code, stdout, stderr } = await workspace.thaw('run', 'hub.thaw.yaml');
  assert.equal(code, 0, stdout + stderr);
  assert.equal(hub.asked.length, 0);
  const run = workspace.lastRun();
  assert.equal(manifestOf(run).backbone, workspace.path('mine'));
  assert.equal((await workspace.thaw('predict', run.path, 'photos/glass/0.jpg')).code, 0);
  workspace.write('mine/model.safetensors', asSafetensors(randomLite0(2, 1000)));
  const changed = await workspace.thaw('predict', run.path, 'photos/glass/0.jpg');
  assert.equal(changed.code, 1);
  assert.match(changed.stderr, /bad-weights: the weights in \S+\/mine are not those that the run "hub" was trained on/);
});
