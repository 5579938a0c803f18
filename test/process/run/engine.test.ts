import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ask } from '../../../src/trainer/host/ask.ts';
import { thisPlatform } from '../../../src/trainer/native/engineCache.ts';
import { FaultyServer } from '../../support/faultyServer.ts';
import { Command, Workspace } from '../../support/product.ts';
import { repoRoot } from '../../support/root.ts';

/** A command line with a cache of its own, and no package client to be found. */
class EngineWorkspace extends Workspace {
  thawHere(...args: readonly string[]): Command {
    return new Command(spawn(process.execPath, [this.cli, ...args], { cwd: this.folder, env: this.environment }));
  }

  override get environment(): Readonly<Record<string, string | undefined>> {
    return { ...super.environment, THAW_CACHE: this.path('cache'), PATH: this.folder };
  }
}

test('engines are listed and removed in the terminal, and by programs', async (t) => {
  const at = new EngineWorkspace(t), engine = at.path('cache', 'engine', `tensorflow-1.0.0-${thisPlatform}`);
  const run = (...args: readonly string[]) => at.thawHere('engine', ...args).ended;
  assert.deepEqual(await run('list'), { code: 0, stdout: 'no native engine is installed: `thaw engine install` fetches TensorFlow\n', stderr: '' });
  mkdirSync(engine, { recursive: true });
  writeFileSync(join(engine, 'lib'), 'x'.repeat(2048));
  assert.deepEqual(JSON.parse((await run('list', '--json')).stdout), [{ name: `tensorflow-1.0.0-${thisPlatform}`, tensorflow: '1.0.0', platform: thisPlatform, cuda: false, folder: engine, sizeBytes: 2048, state: 'unknown' }]);
  const unasked = await run('remove');
  assert.deepEqual([unasked.code, existsSync(engine)], [1, true]);
  assert.match(unasked.stderr, /2\.0 KiB will be removed.*--yes/);
  const wrong = await run('remove', '2.0.0', '--yes');
  assert.equal(wrong.code, 1);
  assert.match(wrong.stderr, /no engine "2\.0\.0" is installed \(there is: tensorflow-1\.0\.0/);
  assert.deepEqual(await run('remove', '1.0.0', '--yes'), { code: 0, stdout: '2.0 KiB freed\n', stderr: '' });
  assert.equal(existsSync(engine), false);
  assert.equal((await run('install', 'something')).code, 2);
});

test('an install that cannot be says why, in the terminal', async (t) => {
  const at = new EngineWorkspace(t), server = await FaultyServer.start(t, {});
  const said = async (...args: readonly string[]): Promise<string> => {
    const { code, stderr } = await at.thawHere('engine', 'install', ...args).ended;
    assert.equal(code, 1);
    return stderr;
  };
  assert.match(await said(), /engine-missing: found none of pip, uv and Maven/);
  assert.match(await said('--from', 'nowhere.whl'), /nowhere\.whl: there is no such file/);
  assert.match(await said('--source', server.address('/mirror')), /has no engine for .*thaw-engine-/);
  assert.match(await said('--source', 'http://192.0.2.1/x.zip'), /is no address to fetch an engine from/);
  if (thisPlatform === 'linux-x64') assert.match(await said('--cuda'), /up to 3\.\d GiB to fetch, 4\.\d GiB on the disk.*--yes/);
  assert.deepEqual(readdirSync(at.path('cache', 'engine')), []);
});

test('Ctrl+C ends an install with nothing left, and so does an editor that turns away', async (t) => {
  const at = new EngineWorkspace(t), server = await FaultyServer.start(t, {}), trainer = join(repoRoot, 'dist', 'trainer.mjs');
  let asked = 0;
  server.fault = () => Boolean(asked++) || true; // never answers
  const command = at.thawHere('engine', 'install', '--source', server.address('/x.zip'));
  while (asked === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  command.process.kill('SIGINT');
  assert.equal((await command.ended).code, 130);
  assert.deepEqual(readdirSync(at.path('cache', 'engine')), []);

  const cancel = new AbortController(), before = asked;
  const environment = Object.fromEntries(Object.entries(at.environment).flatMap(([name, value]) => value === undefined ? [] : [[name, value]]));
  const answer = ask({ command: process.execPath, environment, version: process.version, why: 'ours' }, trainer, 'engine', ['install', '--source', server.address('/x.zip')], { signal: cancel.signal, timeoutMs: 60_000, onProgress: () => undefined });
  while (asked === before) await new Promise((resolve) => setTimeout(resolve, 20));
  cancel.abort();
  await assert.rejects(answer, { name: 'AbortError' });
  assert.deepEqual(readdirSync(at.path('cache', 'engine')), []);
});
