/** Backbones from a hub, through the real command line: fetched once, used offline, predicted with; and all that a hub may refuse. */
import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { architectureOf } from '../../../src/backbones/architectures.ts';
import { randomWeights } from '../../../src/backbones/initialise.ts';
import { toSourceNames } from '../../../src/backbones/weightNames.ts';
import { asJson, asSafetensors, HubServer, lite0Config, lite0Name, lite0Repository, randomLite0 } from '../../support/hubServer.ts';
import { eventsOf, factsOf, manifestOf, quick, Workspace, waitFor } from '../../support/product.ts';
import { repoRoot } from '../../support/root.ts';

interface Setting {
  readonly hub: HubServer;
  readonly workspace: Workspace;
  readonly name: string;
}

/** A workspace with photos, an experiment `hub.thaw.yaml` on timm's Lite0, a cache of its own, and a hub that has it. */
async function setting(t: TestContext, backbone = `hf:${lite0Name}`): Promise<Setting> {
  const hub = await HubServer.start(t), workspace = new Workspace(t);
  hub.repositories.set(lite0Name, lite0Repository());
  Object.assign(workspace.variables, { HF_ENDPOINT: hub.endpoint, THAW_CACHE: workspace.path('cache') });
  keepEngineChoice(workspace.path('cache'));
  workspace.photos({ glass: 8, paper: 8 });
  workspace.write('hub.thaw.yaml', experiment(backbone));
  return { hub, workspace, name: backbone };
}

/** Which engine this machine has was found out by other tests. */
function keepEngineChoice(cache: string): void {
  const found = join(repoRoot, 'out', 'test-cache', 'engine-choice.json');
  if (existsSync(found)) cpSync(found, join(cache, 'engine-choice.json'));
}

const experiment = (backbone: string): string => `thaw: 1\ndata: { folder: photos }\nbackbone: ${backbone}\n${quick}`;

test('a backbone is fetched when its first run starts, used without a network from then on, and predicts', async (t) => {
  const { hub, workspace, name } = await setting(t), commit = hub.commitOf(lite0Name);
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
  const { hub, workspace } = await setting(t, 'hf:someone/resnet'), architecture = architectureOf('resnet18')!;
  const weights = toSourceNames(randomWeights(architecture.network(3), 1), architecture.sourceHead);
  hub.repositories.set('someone/resnet', { files: { 'model.safetensors': asSafetensors(weights), 'config.json': asJson({ architecture: 'resnet18', num_classes: 3, pretrained_cfg: { input_size: [3, 64, 64], crop_pct: 1, classifier: 'fc' } }) } });
  workspace.write('hub.thaw.yaml', experiment('hf:someone/resnet').replace('[head]', '[head, layer4.1]'));
  assert.match((await workspace.thaw('check', 'hub.thaw.yaml')).stderr, /information backbone-not-fetched/);
  const { code, stdout, stderr } = await workspace.thaw('run', 'hub.thaw.yaml');
  assert.equal(code, 0, stdout + stderr);
  workspace.write('hub.thaw.yaml', experiment('hf:someone/resnet').replace('[head]', '[head, layer5]'));
  assert.match((await workspace.thaw('check', 'hub.thaw.yaml')).stderr, /no block or layer "layer5" in resnet18 \(did you mean "layer\d"\?\)/);
});

test('models are added, listed and removed; a branch that moved on is followed when asked to, and what is old is said', async (t) => {
  const { hub, workspace, name } = await setting(t);
  assert.match((await workspace.thaw('models')).stdout, /^none yet/);
  const added = await workspace.thaw('models', 'add', name);
  assert.equal(added.code, 0, added.stderr);
  assert.match(added.stdout, new RegExp(`^${name} {2}EfficientNet-Lite0 \\(in1k\\) {2}9\\.1 MiB {2}apache-2\\.0 {2}commit ${hub.commitOf(lite0Name).slice(0, 7)}, fetched \\d{4}-`));
  const before = hub.commitOf(lite0Name);
  hub.repositories.set(lite0Name, { files: { ...lite0Repository().files, 'README.md': asJson('another') } });
  assert.equal((await workspace.thaw('models', 'add', name)).code, 0);
  const listed = JSON.parse((await workspace.thaw('models', 'list', '--json')).stdout) as readonly { name: string; commit: string }[];
  assert.deepEqual(new Map(listed.map((each) => [each.name, each.commit])), new Map([[name, hub.commitOf(lite0Name)], [`${name}@${before}`, before]]));

  hub.stop();
  const offline = await workspace.thaw('models', 'add', name);
  assert.equal(offline.code, 0);
  assert.match(offline.stderr, new RegExp(`warning backbone-aged: ${name} stays as it was fetched on \\d{4}-\\d\\d-\\d\\d \\(commit [0-9a-f]{7}\\): the hub cannot be reached`));
  const missing = await workspace.thaw('models', 'add', 'hf:timm/tf_efficientnet_lite0.other');
  assert.equal(missing.code, 1);
  assert.match(missing.stderr, /error hub-unreachable: hf:timm\/tf_efficientnet_lite0\.other is not in the cache, and the hub cannot be reached/);

  for (const file of readdirSync(workspace.path('cache', 'models')).filter((each) => each.endsWith('.json'))) {
    const path = workspace.path('cache', 'models', file);
    writeFileSync(path, readFileSync(path, 'utf8').replaceAll(/("main": ")[^"]*/g, '$12026-01-01T00:00:00.000Z'));
  }
  const run = await workspace.thaw('run', 'hub.thaw.yaml');
  assert.equal(run.code, 0);
  assert.match(run.stdout, new RegExp(`warning backbone-aged: ${name} is used as it was \\d+ days ago`));
  assert.equal((await workspace.thaw('models', 'remove', name)).code, 0);
  assert.deepEqual(readdirSync(workspace.path('cache', 'models')), ['blobs']);
  assert.deepEqual(readdirSync(workspace.path('cache', 'models', 'blobs')), []);
});

test('words that name no backbone of a hub are told with what was meant', async (t) => {
  const { workspace, name } = await setting(t);
  await workspace.thaw('models', 'add', name);
  const cases: readonly (readonly [args: readonly string[], code: number, says: RegExp])[] = [
    [['add', lite0Name], 1, new RegExp(`did you mean "${name}"\\?`)],
    [['add', 'hf:timm/tf_efficientnet_lite0.in1'], 1, new RegExp(`hub-not-found: the hub shows no timm/tf_efficientnet_lite0\\.in1: .* \\(did you mean "${name}"\\?`)],
    [['add', 'hf:timm/x.y@../z'], 1, /unknown-backbone: .* is not the name of a repository/],
    [['remove', 'hf:timm/tf_efficientnet_lite0.in1'], 1, new RegExp(`is not in the cache \\(did you mean "${name}"\\?\\)`)],
    [['remove'], 2, /thaw models list \| add/],
    [['fetch', name], 2, /thaw models list \| add/],
  ];
  for (const [args, code, says] of cases) {
    const said = await workspace.thaw('models', ...args);
    assert.equal(said.code, code, args.join(' '));
    assert.match(said.stderr, says);
  }
});

test('a token opens a gated backbone for a run, and stands nowhere afterwards', async (t) => {
  const { hub, workspace } = await setting(t);
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

test('weights that do not fit their config are refused in a few lines, and not kept', async (t) => {
  const { hub, workspace } = await setting(t);
  const weights = new Map(randomLite0(1));
  for (const name of [...weights.keys()].filter((each) => each.startsWith('blocks.6'))) weights.delete(name);
  weights.set('conv_stem.weight', { shape: [1, 2], data: new Float32Array(2) });
  for (let i = 0; i < 9; i++) weights.set(`blocks.0.0.se.${i}`, { shape: [1], data: new Float32Array(1) });
  hub.repositories.set(lite0Name, { files: { 'config.json': asJson({ ...lite0Config, num_classes: 5 }), 'model.safetensors': asSafetensors(weights) } });
  const { code, stderr } = await workspace.thaw('models', 'add', `hf:${lite0Name}`);
  assert.equal(code, 1);
  assert.match(stderr, /"conv_stem\.weight" has shape \[1, 2\], not \[32, 3, 3, 3\]/);
  assert.match(stderr, /"blocks\.6\.0\.conv_pw\.weight" is missing/);
  assert.match(stderr, /\d+ more of its tensors are missing or wrong/);
  assert.match(stderr, /9 of its tensors have no place in \w+: "blocks\.0\.0\.se\.0", "blocks\.0\.0\.se\.1", .*…/);
  assert.equal(stderr.trimEnd().split('\n').length, 6);
  assert.deepEqual(readdirSync(workspace.path('cache', 'models', 'blobs')), []);
});

test('Ctrl+C ends a fetch, a stop ends a run that fetches, and the next one goes on where they were', async (t) => {
  const { hub, workspace, name } = await setting(t), content = () => hub.asked.filter(({ server }) => server === 'content');
  hub.next(/^GET content/, { trickle: 100_000 });
  const adding = workspace.start('models', 'add', name);
  await waitFor(() => parts(workspace).length > 0 && content().length === 1);
  await new Promise((resolve) => setTimeout(resolve, 300));
  adding.process.kill('SIGINT');
  assert.equal((await adding.ended).code, 130);
  hub.next(/^GET content/, { trickle: 100_000 });
  const running = workspace.start('run', 'hub.thaw.yaml');
  await waitFor(() => content().length === 2);
  assert.match(content()[1]!.range ?? '', /^bytes=\d{5,}-$/);
  await running.said(/run|Fetching|^$/);
  assert.equal((await workspace.thaw('stop', workspace.lastRun().id)).stdout, 'stopped\n');
  assert.equal((await running.ended).code, 130);
  assert.deepEqual((await eventsOf(workspace.lastRun())).at(-1)?.type, 'ended');
  const done = await workspace.thaw('models', 'add', name);
  assert.equal(done.code, 0, done.stderr);
  const starts = content().slice(1).map(({ range }) => Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1]));
  assert.ok(starts.length === 2 && starts[1]! > starts[0]! && starts[0]! > 0, starts.join());
});

const parts = (workspace: Workspace): readonly string[] => existsSync(workspace.path('cache', 'models', 'blobs')) ? readdirSync(workspace.path('cache', 'models', 'blobs')) : [];

test('a folder with config.json and safetensors is a backbone, and is held to what it was', async (t) => {
  const { workspace, hub } = await setting(t, './mine');
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
