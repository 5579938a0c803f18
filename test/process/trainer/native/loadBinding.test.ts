import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { userCacheFolder } from '../../../../src/base/environment.ts';
import { installedEngine, thisPlatform } from '../../../../src/trainer/native/engineCache.ts';
import { loadBinding } from '../../../../src/trainer/native/loadBinding.ts';
import { noTensorFlow } from '../../../support/engineResources.ts';
import { repoRoot } from '../../../support/root.ts';

const scratch = await mkdtemp(join(tmpdir(), 'thaw-binding-'));
after(() => rm(scratch, { recursive: true, force: true }));
const engine = { folder: join(scratch, 'engine'), library: join(scratch, 'engine'), tensorflow: '9.9.9', cuda: false }, bindings = join(scratch, 'binding');
await mkdir(engine.folder);

test('without an engine it says how to get one', () => {
  const loaded = loadBinding(undefined, bindings);
  assert.ok(!loaded.ok);
  assert.deepEqual(loaded.errors.map(({ code, fix }) => [code, fix]), [['engine-missing', 'run `thaw engine install`']]);
});

test('an engine without a binding for this platform is missing, by name', () => {
  const loaded = loadBinding(engine, bindings);
  assert.ok(!loaded.ok);
  assert.equal(loaded.errors[0]!.code, 'engine-missing');
  assert.ok(loaded.errors[0]!.message.includes(thisPlatform));
});

test('a binding that cannot be loaded is a failure with the loader\'s reason', async () => {
  await mkdir(join(bindings, thisPlatform), { recursive: true });
  await writeFile(join(bindings, thisPlatform, 'tfjs_binding.node'), 'no library at all');
  const loaded = loadBinding(engine, bindings);
  assert.ok(!loaded.ok);
  assert.equal(loaded.errors[0]!.code, 'engine-failed');
  assert.match(loaded.errors[0]!.message, /^TensorFlow 9\.9\.9 cannot be loaded: .+/);
  const [copy] = await readdir(engine.folder);
  assert.match(copy!, /^tfjs_binding-[0-9a-f]{12}\.node$/);
});

test('the installed engine loads, and says which TensorFlow it is', { skip: noTensorFlow }, async () => {
  const installed = await installedEngine({ cacheDir: userCacheFolder() });
  const loaded = loadBinding(installed, join(repoRoot, 'dist', 'binding'));
  assert.ok(loaded.ok);
  assert.equal((loaded.value as { readonly TF_Version: string }).TF_Version, installed!.tensorflow);
});
