import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { Refused, type Diagnostic } from '../../../../src/protocol/diagnostic.ts';
import { fetchModel, type FetchOptions } from '../../../../src/trainer/hub/fetchModel.ts';
import type { Hub } from '../../../../src/trainer/hub/hub.ts';
import { findModel, listModels, nameOfModel, removeModels } from '../../../../src/trainer/hub/modelCache.ts';
import { asJson, asSafetensors, HubServer, lite0Config, lite0Name, randomLite0, type Repository } from '../../../support/hubServer.ts';
import { temporaryFolder } from '../../../support/temporary.ts';

const weights = asSafetensors(new Map([['a.weight', { shape: [200, 100], data: new Float32Array(20_000).fill(0.5) }]]));
const small: Repository = { files: { 'config.json': asJson(lite0Config), 'model.safetensors': weights, 'README.md': asJson('') } };
const name = { kind: 'hub', repo: lite0Name, revision: 'main' } as const;

interface Setting {
  readonly hub: HubServer;
  readonly cache: string;
  readonly fetch: (options?: Partial<FetchOptions> & { readonly token?: string; readonly revision?: string; readonly repo?: string }) => ReturnType<typeof fetchModel>;
}

async function setting(t: TestContext, repository: Repository = small): Promise<Setting> {
  const hub = await HubServer.start(t), cache = join(temporaryFolder(t), 'cache');
  hub.repositories.set(lite0Name, repository);
  const access: Hub = { endpoint: hub.endpoint, patience: { stallMs: 300, pausesMs: [5, 5] } };
  return {
    hub, cache,
    fetch: ({ token, repo = lite0Name, revision = 'main', ...options } = {}) => fetchModel({ kind: 'hub', repo, revision }, { cache, hub: { ...access, ...(token !== undefined && { token }) }, ...options }),
  };
}

/** The one diagnostic that it is refused with; each says what to do. */
async function problemOf(fetching: Promise<unknown>): Promise<Diagnostic> {
  const error = await fetching.then(() => assert.fail('it was fetched'), (reason: unknown) => reason);
  assert.ok(error instanceof Refused, String(error));
  assert.equal(error.diagnostics.length, 1);
  assert.ok(error.diagnostics[0]!.fix);
  return error.diagnostics[0]!;
}

const blobs = (cache: string): readonly string[] => existsSync(join(cache, 'models', 'blobs')) ? readdirSync(join(cache, 'models', 'blobs')) : [];

test('a revision is asked for once, then its config, then its weights, at the commit', async (t) => {
  const { hub, cache, fetch } = await setting(t), commit = hub.commitOf(lite0Name), seen: (readonly [number, number])[] = [];
  const model = await fetch({ onBytes: (done, total) => seen.push([done, total]) });
  assert.deepEqual(hub.log(), [
    `GET hub /api/models/${lite0Name}/revision/main`, `GET hub /${lite0Name}/resolve/${commit}/config.json`,
    `HEAD hub /${lite0Name}/resolve/${commit}/model.safetensors`, `GET hub /${lite0Name}/resolve/${commit}/model.safetensors`, `GET content /${lite0Name}/model.safetensors`,
  ]);
  assert.deepEqual(seen.at(-1), [weights.length, weights.length]);
  assert.deepEqual([model.commit, model.licence, model.config, Object.keys(model.revisions)], [commit, 'mit', lite0Config, ['main']]);
  assert.deepEqual(blobs(cache), [model.weights[0]!.sha256]);
  assert.deepEqual(new Uint8Array(readFileSync(join(cache, 'models', 'blobs', model.weights[0]!.blob))), weights);
  assert.deepEqual(findModel(cache, name), model);
  assert.deepEqual(findModel(cache, { ...name, revision: commit }), model);
  assert.equal(findModel(cache, { ...name, revision: 'v2' }), undefined);
});

test('weights that are here already are not fetched again, damaged ones are', async (t) => {
  const { hub, cache, fetch } = await setting(t), model = await fetch();
  hub.repositories.set(lite0Name, { files: { ...small.files, 'README.md': asJson('a word more') } });
  const newer = await fetch();
  assert.notEqual(newer.commit, model.commit);
  assert.equal(hub.log().filter((line) => line.startsWith('GET content')).length, 1, 'a new commit with the same weights');
  assert.deepEqual(listModels(cache).map(nameOfModel).sort(), [`hf:${lite0Name}`, `hf:${lite0Name}@${model.commit}`], 'main names the newer one alone');
  const blob = join(cache, 'models', 'blobs', model.weights[0]!.blob), damaged = readFileSync(blob);
  damaged[100]! ^= 1;
  writeFileSync(blob, damaged);
  await fetch();
  assert.deepEqual(new Uint8Array(readFileSync(blob)), weights);
});

test('weights in parts are fetched by their index', async (t) => {
  const files = { 'config.json': asJson(lite0Config), 'model-1.safetensors': weights, 'model-2.safetensors': weights.map((byte) => byte), 'model.safetensors.index.json': asJson({ weight_map: { a: 'model-1.safetensors', b: 'model-2.safetensors', c: 'model-1.safetensors' } }) };
  files['model-2.safetensors'][60_000 % weights.length]! ^= 1;
  const { cache, fetch } = await setting(t, { files });
  const model = await fetch();
  assert.deepEqual(model.weights.map(({ path }) => path), ['model-1.safetensors', 'model-2.safetensors']);
  assert.equal(blobs(cache).length, 2);
  const gap = await setting(t, { files: { ...files, 'model.safetensors.index.json': asJson({ weight_map: { a: 'model-3.safetensors' } }) } });
  assert.match((await problemOf(gap.fetch())).message, /an index of the weights of .* that does not fit its files/);
});

test('cut connections are resumed, a pause is kept, and a cancelled fetch goes on where it was', async (t) => {
  const { hub, cache, fetch } = await setting(t);
  hub.next(/^GET hub .api/, { status: 429, headers: { 'retry-after': '0' } });
  hub.next(/^GET content/, { cutAfter: 10_000 }, 2);
  await fetch();
  assert.deepEqual(hub.asked.filter(({ server }) => server === 'content').map(({ range }) => range !== undefined), [false, true, true]);
  removeModels(cache, listModels(cache));
  assert.deepEqual(blobs(cache), []);
  hub.next(/^GET content/, { trickle: 5_000 });
  const cancelled = new AbortController();
  await assert.rejects(fetch({ signal: cancelled.signal, onBytes: (done) => { if (done > 12_000) cancelled.abort(); } }), { name: 'AbortError' });
  assert.deepEqual(listModels(cache), [], 'what is not whole does not count');
  await fetch();
  assert.match(hub.asked.at(-1)!.range ?? '', /^bytes=1\d{4}-$/);
});

const refusals: readonly (readonly [what: string, repository: Repository, code: Diagnostic['code'], says: RegExp, fix: RegExp])[] = [
  ['gated', { ...small, access: 'gated' }, 'hub-gated', /timm\/tf_efficientnet_lite0\.in1k is open only to those who have accepted its terms/, /accept them at http:\/\/127\.0\.0\.1:\d+\/timm\/tf_efficientnet_lite0\.in1k, then set a token: HF_TOKEN/],
  ['private', { ...small, access: 'private' }, 'hub-not-found', /it does not exist, or it is private/, /check the name; for a private one, set a token/],
  ['without a config', { files: { 'model.safetensors': weights } }, 'backbone-unsupported', /has no config\.json/, /hf:timm/],
  ['without safetensors', { files: { 'config.json': asJson(lite0Config), 'pytorch_model.bin': weights } }, 'weights-missing', /has no model\.safetensors \(it has pytorch_model\.bin\)/, /convert them and name the folder/],
  ['of another family', { files: { ...small.files, 'config.json': asJson({ architectures: ['BertForMaskedLM'], model_type: 'bert' }) } }, 'backbone-unsupported', /is a "bert" \("BertForMaskedLM"\) of transformers/, /timm/],
  ['of an architecture that cannot be built', { files: { ...small.files, 'config.json': asJson({ architecture: 'tf_efficientnet_lite9' }) } }, 'backbone-unsupported', /"tf_efficientnet_lite9", which Thaw cannot build/, /did you mean "tf_efficientnet_lite\d"/],
  ['with a config that is none', { files: { ...small.files, 'config.json': asJson([]) } }, 'backbone-unsupported', /config\.json is not as timm writes it/, /another/],
];
for (const [what, repository, code, says, fix] of refusals) {
  test(`a repository ${what} is refused with what to do, before any weights are fetched`, async (t) => {
    const { hub, cache, fetch } = await setting(t, repository), problem = await problemOf(fetch());
    assert.equal(problem.code, code);
    assert.match(problem.message, says);
    assert.match(problem.fix!, fix);
    assert.ok(!hub.log().some((line) => line.startsWith('GET content')));
    assert.deepEqual(listModels(cache), []);
  });
}

test('a token opens what is gated or private, goes to the hub alone and stands in no file', async (t) => {
  for (const access of ['gated', 'private'] as const) {
    const { hub, cache, fetch } = await setting(t, { ...small, access });
    hub.token = 'hf_secret';
    await fetch({ token: 'hf_secret' });
    assert.ok(hub.asked.every(({ server, authorization }) => (server === 'hub') === (authorization === 'Bearer hf_secret')));
    for (const file of readdirSync(cache, { recursive: true, withFileTypes: true })) {
      if (file.isFile()) assert.ok(!readFileSync(join(file.parentPath, file.name)).includes('hf_secret'), file.name);
    }
    const wrong = await problemOf(fetch({ token: 'hf_wrong' }));
    assert.equal(wrong.code, 'hub-gated');
    assert.match(wrong.message, /does not show .* to the owner of this token \(401\)/);
    assert.ok(!JSON.stringify(wrong).includes('hf_wrong'));
  }
});

test('an unknown repository, an unknown revision, a busy hub and none at all are told apart', async (t) => {
  const { hub, fetch } = await setting(t);
  assert.match((await problemOf(fetch({ repo: 'timm/nothing.here' }))).message, /^the hub shows no timm\/nothing\.here: it does not exist, or it is private$/);
  const revision = await problemOf(fetch({ revision: 'v9' }));
  assert.deepEqual([revision.code, revision.message, revision.fix], ['hub-not-found', `${lite0Name} has no revision "v9"`, 'leave "@v9" out for the newest']);
  hub.next(/^GET hub .api/, { status: 429, headers: { 'retry-after': '600' } });
  const busy = await problemOf(fetch());
  assert.equal(busy.code, 'hub-busy');
  assert.match(busy.message, /answered 429 \(too many requests\), and asks to wait 10 min/);
  assert.match(busy.fix!, /it allows more to those it knows: set a token/);
  hub.next(/^GET hub .api/, { status: 200 });
  assert.equal((await problemOf(fetch())).code, 'hub-failed');
  hub.stop();
  const gone = await problemOf(fetch());
  assert.equal(gone.code, 'hub-unreachable');
  assert.match(gone.message, /is not in the cache, and the hub cannot be reached: 127\.0\.0\.1:\d+: .*ECONNREFUSED/);
});

test('a hub that anybody could read along with, or that is no address, is not asked', async (t) => {
  const { cache } = await setting(t);
  for (const endpoint of ['http://hub.example.com', 'ftp://127.0.0.1', 'hub', '']) {
    const problem = await problemOf(fetchModel(name, { cache, hub: { endpoint, token: 'hf_secret' } }));
    assert.equal(problem.code, 'hub-failed');
    assert.match(problem.message, /is no https address/);
  }
});

test('other bytes than the hub announced are refused and leave nothing behind', async (t) => {
  const { hub, cache, fetch } = await setting(t);
  hub.next(/^GET content/, { corrupt: true }, 9);
  const problem = await problemOf(fetch());
  assert.equal(problem.code, 'bad-download');
  assert.match(problem.message, /what came for model\.safetensors is not what the hub announced: its hash is not [0-9a-f]{12}…/);
  assert.deepEqual([blobs(cache), listModels(cache)], [[], []]);
});

test('a hub that names no hash is refused: nothing could be checked', async (t) => {
  const { hub, fetch } = await setting(t);
  hub.next(/^HEAD hub/, { status: 200, headers: { etag: '"5f-60b"', 'content-length': '12' } });
  assert.match((await problemOf(fetch())).message, /does not say size and hash of model\.safetensors/);
});

test('what an interrupted fetch left is kept for a week, then the next fetch or removal frees it', async (t) => {
  const { cache, fetch } = await setting(t), model = await fetch(), part = (name: string): string => join(cache, 'models', 'blobs', `${name}.1.part`);
  for (const name of ['old', 'new']) writeFileSync(part(name), new Uint8Array(1000));
  const longAgo = new Date(Date.now() - 8 * 86_400_000);
  utimesSync(part('old'), longAgo, longAgo);
  assert.equal(removeModels(cache, [model]), model.weights[0]!.sizeBytes + 1000);
  assert.deepEqual(blobs(cache), ['new.1.part']);
  utimesSync(part('new'), longAgo, longAgo);
  await fetch();
  assert.deepEqual(blobs(cache), [model.weights[0]!.sha256]);
});

test('removing a model keeps the weights that another needs', async (t) => {
  const { hub, cache, fetch } = await setting(t);
  await fetch();
  hub.repositories.set('timm/tf_efficientnet_lite0.copy', small);
  await fetch({ repo: 'timm/tf_efficientnet_lite0.copy' });
  hub.repositories.set('timm/tf_efficientnet_lite0.other', { files: { ...small.files, 'model.safetensors': asSafetensors(randomLite0(1)) } });
  const other = await fetch({ repo: 'timm/tf_efficientnet_lite0.other' });
  assert.equal(blobs(cache).length, 2);
  assert.equal(removeModels(cache, [findModel(cache, name)!]), 0);
  assert.equal(removeModels(cache, [other]), other.weights[0]!.sizeBytes);
  assert.deepEqual(listModels(cache).map(nameOfModel), ['hf:timm/tf_efficientnet_lite0.copy']);
});

test('an entry of the cache that is damaged, or whose weights are gone, counts as absent', async (t) => {
  const { cache, fetch } = await setting(t), model = await fetch();
  const entry = join(cache, 'models', `timm--tf_efficientnet_lite0.in1k--${model.commit}.json`), text = readFileSync(entry, 'utf8');
  for (const damaged of ['', '{', JSON.stringify({ ...model, weights: [{ ...model.weights[0], sizeBytes: 3 }] }), JSON.stringify({ ...model, format: 2 })]) {
    writeFileSync(entry, damaged);
    assert.equal(findModel(cache, name), undefined, damaged.slice(0, 40));
  }
  writeFileSync(entry, text);
  assert.deepEqual(findModel(cache, name), model);
});
