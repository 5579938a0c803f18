import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { userCacheFolder } from '../../../../src/base/environment.ts';
import { installedEngine, thisPlatform } from '../../../../src/trainer/native/engineCache.ts';
import { loadBinding } from '../../../../src/trainer/native/loadBinding.ts';
import { noTensorFlow } from '../../../support/noTensorFlow.ts';
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

const shipped = join(bindings, thisPlatform, 'tfjs_binding.node');
/** The beginning of a file of this kind, and nothing behind it. */
const elf = (machine: number): Buffer => {
  const header = Buffer.alloc(64);
  header.writeUInt32BE(0x7f454c46, 0);
  header.set([2, 1, 1], 4);
  header.writeUInt16LE(3, 16);
  header.writeUInt16LE(machine, 18);
  return header;
};

test('a binding for another machine, or none at all, is told apart before it is loaded', async () => {
  await mkdir(join(bindings, thisPlatform), { recursive: true });
  const other = thisPlatform === 'linux-arm64' ? 0x3e : 0xb7;
  for (const [content, words] of [[elf(other), /is built for linux-(arm64|x64), and this is /], ['no library at all', /is no program for any machine, and this is/], ['', /is no program/]] as const) {
    await writeFile(shipped, content);
    const loaded = loadBinding(engine, bindings);
    assert.ok(!loaded.ok);
    assert.equal(loaded.errors[0]!.code, 'engine-failed');
    assert.match(loaded.errors[0]!.message, words);
    assert.match(loaded.errors[0]!.fix!, /use the package of Thaw for/);
  }
  assert.deepEqual(await readdir(engine.folder), []);
});

test('a binding that came in an engine pack serves where this build of Thaw has none', async () => {
  await writeFile(join(engine.folder, 'tfjs_binding.node'), 'no library at all');
  const loaded = loadBinding(engine, join(scratch, 'no-bindings'));
  assert.ok(!loaded.ok);
  assert.match(loaded.errors[0]!.message, /is no program for any machine/);
  await rm(join(engine.folder, 'tfjs_binding.node'));
});

test('a library of another version than the one that was installed is refused', { skip: noTensorFlow }, async () => {
  const installed = (await installedEngine({ cacheDir: userCacheFolder() }))!;
  const loaded = loadBinding({ ...installed, tensorflow: '1.2.3' }, join(repoRoot, 'dist', 'binding'));
  assert.ok(!loaded.ok);
  assert.match(loaded.errors[0]!.message, /says that it is TensorFlow 2\.\d+\.\d+, not 1\.2\.3/);
  assert.match(loaded.errors[0]!.fix!, /thaw engine remove/);
});

test('a Node that knows less of Node-API than the binding was compiled for is refused before anything is loaded', async () => {
  await writeFile(shipped, elf(thisPlatform === 'linux-arm64' ? 0xb7 : 0x3e));
  const { versions } = process;
  Object.defineProperty(process, 'versions', { value: { ...versions, napi: '7' } });
  try {
    const loaded = loadBinding(engine, bindings);
    assert.ok(!loaded.ok);
    assert.match(loaded.errors[0]!.message, /^the binding to TensorFlow needs Node-API 8; Node v\S+ has 7$/);
    assert.match(loaded.errors[0]!.fix!, /Node 20 or later/);
  } finally {
    Object.defineProperty(process, 'versions', { value: versions });
  }
  assert.deepEqual(await readdir(engine.folder), []);
});

test('a binding that cannot be loaded is a failure with the loader\'s reason', async () => {
  await writeFile(shipped, elf(thisPlatform === 'linux-arm64' ? 0xb7 : 0x3e));
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
