import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { rng } from '../../../../src/base/rng.ts';
import type { Checked } from '../../../../src/protocol/diagnostic.ts';
import { installedEngine, listEngines, removeEngines, type InstalledEngine } from '../../../../src/trainer/native/engineCache.ts';
import { installEngine, type InstallOptions, type InstallProgress } from '../../../../src/trainer/native/install.ts';
import type { clientCommands } from '../../../../src/trainer/native/packageClients.ts';
import type { EngineBuild, Member } from '../../../../src/trainer/native/pins.ts';
import { repoRoot } from '../../../support/root.ts';
import { zipFile } from '../../../support/zipFile.ts';

const scratch = await mkdtemp(join(tmpdir(), 'thaw-install-'));
after(() => rm(scratch, { recursive: true, force: true }));

const random = rng(1, 'library');
const library = Uint8Array.from({ length: 300_000 }, () => random.int(40));
const members = { 'lib/libone.so.2': library, 'lib/libtwo.so.2': library.subarray(0, 1000), 'lib/unwanted.py': library };
const wheel = join(scratch, 'engine-1.0-linux.whl');
await writeFile(wheel, zipFile(members));

const pinOf = (path: keyof typeof members): Member =>
  ({ path, sizeBytes: members[path].length, packedBytes: 1000, sha256: createHash('sha256').update(members[path]).digest('hex') });
const build: EngineBuild = {
  tensorflow: '9.9.9',
  packages: [{
    client: 'pip', package: 'engine', version: '1.0', tag: 'linux', file: 'engine-1.0-linux.whl', archiveBytes: 400_000,
    members: [pinOf('lib/libone.so.2'), pinOf('lib/libtwo.so.2')],
  }],
};
const jarBuild: EngineBuild = { tensorflow: '8.8.8', packages: [{ ...build.packages[0]!, client: 'maven' }] };
const pins = { here: [build] };

type Behaviour = 'copies' | 'fails' | 'hangs' | 'lacks-pip';
const client = (behaviour: Behaviour, file = wheel): typeof clientCommands =>
  ({ pip: [[process.execPath, join(repoRoot, 'test', 'fixtures', 'packageClient.mjs'), behaviour, file]], maven: [] });

let caches = 0;
async function freshCache(): Promise<InstallOptions> {
  const cacheDir = join(scratch, `cache-${caches++}`);
  await mkdir(cacheDir);
  return { cacheDir, platform: 'here', pins, commands: client('copies') };
}

const entries = (cacheDir: string): Promise<string[]> => readdir(join(cacheDir, 'engine')).catch(() => []);

/** Refused with this code and message, with a fix, and nothing is left in the cache. */
async function assertRefused(result: Checked<InstalledEngine>, { cacheDir }: InstallOptions, code: string, message: RegExp): Promise<void> {
  assert.ok(!result.ok);
  assert.equal(result.errors[0]!.code, code);
  assert.match(result.errors.map((error) => error.message).join('; '), message);
  assert.ok(result.errors.every(({ fix }) => fix));
  assert.deepEqual(await entries(cacheDir), []);
}

test('the package client fetches, the pinned members are unpacked, and it counts as installed', async () => {
  const options = await freshCache(), seen: InstallProgress[] = [];
  assert.equal(await installedEngine(options), undefined);
  const installed = await installEngine({ ...options, onProgress: (progress) => seen.push(progress) });
  assert.ok(installed.ok);
  assert.equal(installed.value.tensorflow, '9.9.9');
  assert.deepEqual((await readdir(installed.value.folder)).sort(), ['libone.so.2', 'libtwo.so.2', 'source.json']);
  assert.deepEqual(new Uint8Array(await readFile(join(installed.value.folder, 'libone.so.2'))), library);
  assert.deepEqual(await installedEngine(options), installed.value);
  assert.deepEqual(await entries(options.cacheDir), ['tensorflow-9.9.9-here']);
  assert.deepEqual(seen.at(-1), { activity: 'unpacking', doneBytes: 301_000, totalBytes: 301_000 });
});

test('a second install finds the first and asks no client', async () => {
  const options = await freshCache();
  const first = await installEngine({ ...options, from: wheel });
  const second = await installEngine({ ...options, commands: client('fails') });
  assert.ok(first.ok && second.ok);
  assert.deepEqual(second.value, first.value);
});

test('a damaged install is replaced, a removed one is gone', async () => {
  const options = await freshCache();
  const first = await installEngine(options);
  assert.ok(first.ok);
  await truncate(join(first.value.folder, 'libone.so.2'), 5);
  assert.equal(await installedEngine(options), undefined);
  const again = await installEngine(options);
  assert.ok(again.ok);
  assert.equal((await readFile(join(again.value.folder, 'libone.so.2'))).length, library.length);
  await removeEngines(options.cacheDir, await listEngines(options));
  assert.equal(await installedEngine(options), undefined);
});

test('a member with other bytes is refused by its hash', async () => {
  const options = await freshCache(), forged = join(scratch, 'forged.whl');
  const other = library.slice();
  other[1234]! ^= 1;
  await writeFile(forged, zipFile({ ...members, 'lib/libone.so.2': other }));
  await assertRefused(await installEngine({ ...options, from: forged }), options, 'engine-failed', /forged\.whl: lib\/libone\.so\.2 .*sha256 differs/);
  await assertRefused(await installEngine({ ...options, commands: client('copies', forged) }), options, 'engine-failed', /sha256 differs/);
});

test('a member of another size is refused before anything is unpacked', async () => {
  const options = await freshCache(), other = join(scratch, 'other.whl');
  await writeFile(other, zipFile({ ...members, 'lib/libone.so.2': library.subarray(1) }));
  await assertRefused(await installEngine({ ...options, from: other }), options, 'engine-failed', /has 299999 bytes, not 300000/);
});

test('a member that unpacks to more than the directory says is stopped', async () => {
  const options = await freshCache(), bomb = join(scratch, 'bomb.whl');
  const file = zipFile({ ...members, 'lib/libone.so.2': new Uint8Array(5_000_000) });
  const entry = file.indexOf(Buffer.from([0x50, 0x4b, 0x01, 0x02]));
  file.writeUInt32LE(library.length, entry + 24);
  await writeFile(bomb, file);
  await assertRefused(await installEngine({ ...options, from: bomb }), options, 'engine-failed', /unpacks to more than it says/);
});

for (const [how, keep] of [['at half', 0.5], ['within its directory', 0.9995], ['to nothing', 0]] as const) {
  test(`an archive cut ${how} is refused`, async () => {
    const options = await freshCache(), cut = join(scratch, `cut-${keep}.whl`), whole = await readFile(wheel);
    await writeFile(cut, whole.subarray(0, Math.floor(whole.length * keep)));
    await assertRefused(await installEngine({ ...options, from: cut }), options, 'engine-failed', /cut-[\d.]+\.whl: cannot be unpacked/);
  });
}

test('packed data damaged in the middle is refused', async () => {
  const options = await freshCache(), damaged = join(scratch, 'damaged.whl'), file = await readFile(wheel);
  file.fill(0xff, 1000, 1200);
  await writeFile(damaged, file);
  await assertRefused(await installEngine({ ...options, from: damaged }), options, 'engine-failed', /damaged\.whl: /);
});

test('a file that is missing, or no archive, or another package, is refused with what to give', async () => {
  const options = await freshCache(), text = join(scratch, 'notes.txt'), stranger = join(scratch, 'stranger.jar');
  await writeFile(text, 'hello');
  await writeFile(stranger, zipFile({ 'README': library }));
  await assertRefused(await installEngine({ ...options, from: join(scratch, 'nowhere.whl') }), options, 'engine-failed', /nowhere\.whl: there is no such file/);
  await assertRefused(await installEngine({ ...options, from: text }), options, 'engine-failed', /notes\.txt: cannot be unpacked/);
  await assertRefused(await installEngine({ ...options, from: stranger }), options, 'engine-failed', /stranger\.jar holds no TensorFlow library/);
});

test('a client that fails is quoted by its error lines', async () => {
  const options = await freshCache();
  const result = await installEngine({ ...options, commands: client('fails') });
  await assertRefused(result, options, 'engine-failed', /could not fetch engine 1\.0: ERROR: Could not find a version that satisfies the requirement$/);
});

test('without a client, or with a Python that has no pip, it says what to install', async () => {
  const options = await freshCache();
  const absent: typeof clientCommands = { pip: [['thaw-no-such-program']], maven: [] };
  await assertRefused(await installEngine({ ...options, commands: absent }), options, 'engine-missing', /found none of pip, uv and Maven/);
  await assertRefused(await installEngine({ ...options, commands: client('lacks-pip') }), options, 'engine-missing', /found none of pip, uv and Maven/);
});

test('the next way to call a client is tried when the first is not there', async () => {
  const options = await freshCache();
  const result = await installEngine({ ...options, commands: { pip: [['thaw-no-such-program'], ...client('lacks-pip').pip, ...client('copies').pip], maven: [] } });
  assert.ok(result.ok);
});

test('the next source is tried when the first cannot be fetched', async () => {
  const options = await freshCache();
  const result = await installEngine({ ...options, pins: { here: [build, jarBuild] }, commands: { pip: client('fails').pip, maven: [] } });
  await assertRefused(result, options, 'engine-failed', /could not fetch/);
  const jar = join(scratch, 'engine.jar');
  await writeFile(jar, await readFile(wheel));
  const maven = ['-e', `require('node:fs').copyFileSync(${JSON.stringify(jar)}, process.argv.find((a) => a.startsWith('-DoutputDirectory=')).slice(18) + '/engine.jar')`, '--'];
  const fromMaven = await installEngine({ ...options, pins: { here: [build, jarBuild] }, commands: { pip: client('fails').pip, maven: [[process.execPath, ...maven]] } });
  assert.ok(fromMaven.ok);
  assert.equal(fromMaven.value.tensorflow, '8.8.8');
});

test('cancelling ends the client and leaves nothing behind', async () => {
  const options = await freshCache(), cancel = new AbortController();
  const install = installEngine({ ...options, commands: client('hangs'), signal: cancel.signal });
  setTimeout(() => cancel.abort(), 200);
  await assert.rejects(install, { name: 'AbortError' });
  assert.deepEqual(await entries(options.cacheDir), []);
});

test('cancelling while unpacking leaves nothing behind', async () => {
  const options = await freshCache(), cancel = new AbortController();
  await assert.rejects(installEngine({ ...options, from: wheel, signal: cancel.signal, onProgress: () => cancel.abort() }), { name: 'AbortError' });
  assert.equal(await installedEngine(options), undefined);
  assert.deepEqual(await entries(options.cacheDir), []);
});

test('what a killed install left behind is cleared by the next one', async () => {
  const options = await freshCache(), dead = 2 ** 22 + 1; // beyond any process id
  await mkdir(join(options.cacheDir, 'engine', `installing-${dead}-x`, 'unpacked-y'), { recursive: true });
  assert.ok((await installEngine(options)).ok);
  assert.deepEqual(await entries(options.cacheDir), ['tensorflow-9.9.9-here']);
});

test('a platform without an engine is refused by name, and so is CUDA where there is no such build', async () => {
  const options = await freshCache();
  await assertRefused(await installEngine({ ...options, platform: 'sunos-sparc' }), options, 'engine-missing', /no native engine for sunos-sparc/);
  await assertRefused(await installEngine({ ...options, cuda: true }), options, 'engine-missing', /no native engine with CUDA for here/);
});

test('a cache that is a file is refused', async () => {
  const options = await freshCache(), file = join(scratch, 'not-a-folder');
  await writeFile(file, '');
  const result = await installEngine({ ...options, cacheDir: file });
  assert.ok(!result.ok);
  assert.equal(result.errors[0]!.code, 'unwritable');
});

test('a disk without room is told before anything is fetched', async () => {
  const options = await freshCache();
  const result = await installEngine({ ...options, commands: client('fails'), freeBytes: () => Promise.resolve(700_000) });
  await assertRefused(result, options, 'disk-full', /needs 685 KiB while it is installed; 684 KiB are free/);
  assert.ok((await installEngine({ ...options, freeBytes: () => Promise.resolve(701_000) })).ok);
});

test('two installs at once both succeed, and one engine is left', async () => {
  const options = await freshCache();
  const both = await Promise.all([installEngine(options), installEngine({ ...options, from: wheel })]);
  assert.ok(both.every(({ ok }) => ok));
  assert.deepEqual(await entries(options.cacheDir), ['tensorflow-9.9.9-here']);
});

const second = zipFile({ 'nvidia/two/lib/libtwo.so': library.subarray(5) });
const twoParts: EngineBuild = {
  tensorflow: '9.9.9', cuda: '12',
  packages: [build.packages[0]!, {
    client: 'pip', package: 'two', version: '1.0', tag: 'linux', file: 'two.whl', archiveBytes: second.length,
    members: [{ path: 'nvidia/two/lib/libtwo.so', sizeBytes: library.length - 5, packedBytes: 10, sha256: createHash('sha256').update(library.subarray(5)).digest('hex') }],
  }],
};

test('an engine of several packages comes from a folder of them, and keeps their paths', async () => {
  const options = { ...await freshCache(), pins: { here: [build, twoParts] }, cuda: true }, folder = join(scratch, 'wheels');
  await mkdir(folder);
  await writeFile(join(folder, 'a-for-another-machine.whl'), zipFile({ ...members, 'lib/libone.so.2': library.subarray(9) }));
  await writeFile(join(folder, 'engine.whl'), zipFile(members));
  await assertRefused(await installEngine({ ...options, from: folder }), options, 'engine-failed', /wheels holds no TensorFlow library/);
  await writeFile(join(folder, 'two.whl'), second);
  const installed = await installEngine({ ...options, from: folder });
  assert.ok(installed.ok);
  assert.equal(installed.value.library, join(installed.value.folder, 'lib'));
  assert.ok(installed.value.cuda && installed.value.folder.endsWith('tensorflow-9.9.9-here-cuda'));
  assert.equal((await readFile(join(installed.value.folder, 'nvidia', 'two', 'lib', 'libtwo.so'))).length, library.length - 5);
});

test('engines are listed with their size and state, and removed by version', async () => {
  const options = { ...await freshCache(), pins: { here: [build, jarBuild] } };
  assert.ok((await installEngine(options)).ok);
  assert.ok((await installEngine({ ...options, pins: { here: [jarBuild] }, from: wheel })).ok);
  await mkdir(join(options.cacheDir, 'engine', 'tensorflow-1.0.0-elsewhere-x64-cuda'));
  const listed = await listEngines(options);
  assert.deepEqual(listed.map(({ tensorflow, platform, cuda, state }) => [tensorflow, platform, cuda, state]),
    [['1.0.0', 'elsewhere-x64', true, 'unknown'], ['8.8.8', 'here', false, 'spare'], ['9.9.9', 'here', false, 'used']]);
  assert.ok(listed[2]!.sizeBytes > 301_000);
  await truncate(join(listed[1]!.folder, 'libone.so.2'), 5);
  assert.deepEqual((await listEngines(options)).map(({ state }) => state), ['unknown', 'damaged', 'used']);
  await removeEngines(options.cacheDir, listed.slice(2));
  assert.deepEqual(await entries(options.cacheDir), ['tensorflow-1.0.0-elsewhere-x64-cuda', 'tensorflow-8.8.8-here']);
});

const binding = Buffer.from('a binding');
const manifest = (change: object = {}): Uint8Array => Buffer.from(JSON.stringify({
  format: 1, platform: 'here', tensorflow: '9.9.9', nodeApi: 8, ...change,
  binding: { path: 'binding/tfjs_binding.node', sizeBytes: binding.length, sha256: createHash('sha256').update(binding).digest('hex') },
}));

test('an engine pack brings its binding along', async () => {
  const options = await freshCache(), pack = join(scratch, 'pack.zip');
  await writeFile(pack, zipFile({ ...members, 'thaw-engine.json': manifest(), 'binding/tfjs_binding.node': binding }));
  const installed = await installEngine({ ...options, from: pack });
  assert.ok(installed.ok);
  assert.deepEqual((await readdir(installed.value.folder)).sort(), ['libone.so.2', 'libtwo.so.2', 'source.json', 'tfjs_binding.node']);
  assert.deepEqual(await readFile(join(installed.value.folder, 'tfjs_binding.node')), binding);
});

for (const [name, words, files] of [
  ['for another platform', /is a pack for win32-x64, and this is here/, { 'thaw-engine.json': manifest({ platform: 'win32-x64' }), 'binding/tfjs_binding.node': binding }],
  ['of a newer format', /format 2, newer than this Thaw/, { 'thaw-engine.json': manifest({ format: 2 }), 'binding/tfjs_binding.node': binding }],
  ['without its binding', /lacks tfjs_binding\.node/, { 'thaw-engine.json': manifest() }],
  ['with another binding', /tfjs_binding\.node is not the file/, { 'thaw-engine.json': manifest(), 'binding/tfjs_binding.node': Buffer.from('a bindinG') }],
  ['with a manifest of another kind', /manifest is not understood: format/, { 'thaw-engine.json': Buffer.from('{}') }],
  ['with a manifest that is no JSON', /manifest is not understood/, { 'thaw-engine.json': Buffer.from('{') }],
  ['with a manifest that leads elsewhere', /manifest is not understood/, { 'thaw-engine.json': Buffer.from(Buffer.from(manifest()).toString().replace('binding/tfjs', '../../tfjs\u0000')) }],
] as const) {
  test(`a pack ${name} is refused`, async () => {
    const options = await freshCache(), pack = join(scratch, 'wrong.zip');
    await writeFile(pack, zipFile({ ...members, ...files }));
    await assertRefused(await installEngine({ ...options, from: pack }), options, 'engine-failed', words);
  });
}

test('hostile members of an archive come to nothing', async () => {
  const options = await freshCache(), hostile = join(scratch, 'hostile.zip');
  await writeFile(hostile, zipFile({ '../../escaped': library, '/etc/escaped': library, 'lib/../../escaped': library, ...members }));
  assert.ok((await installEngine({ ...options, from: hostile })).ok);
  assert.deepEqual(await entries(options.cacheDir), ['tensorflow-9.9.9-here']);
  assert.deepEqual((await readdir(scratch)).filter((name) => name.includes('escaped')), []);
});

test('a directory that says it is gigantic gets no memory', async () => {
  const options = await freshCache(), liar = join(scratch, 'liar.zip'), file = zipFile(members);
  file.writeUInt32LE(0xfffffff0, file.length - 10);
  await writeFile(liar, file);
  await assertRefused(await installEngine({ ...options, from: liar }), options, 'engine-failed', /directory points beyond its end/);
});
