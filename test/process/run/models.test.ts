/** `thaw models`, through the real command line, and all that a hub may refuse. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { asJson, asSafetensors, lite0Config, lite0Name, lite0Repository, randomLite0 } from '../../support/hubServer.ts';
import { hubSetting } from '../../support/hubSetting.ts';
import { eventsOf, type Workspace, waitFor } from '../../support/product.ts';

test('models are added, listed and removed; a branch that moved on is followed when asked to, and what is old is said', async (t) => {
  const { hub, workspace, name } = await hubSetting(t);
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
  const { workspace, name } = await hubSetting(t);
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

test('weights that do not fit their config are refused in a few lines, and not kept', async (t) => {
  const { hub, workspace } = await hubSetting(t);
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
  const { hub, workspace, name } = await hubSetting(t), content = () => hub.asked.filter(({ server }) => server === 'content');
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
