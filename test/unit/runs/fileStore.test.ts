import assert from 'node:assert/strict';
import { readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { atomicWrite } from '../../../src/runs/atomicWrite.ts';
import { fileStore } from '../../../src/runs/fileStore.ts';
import { temporaryFolder } from '../../support/temporary.ts';

test('a store appends, reads any stretch, lists and removes', async (t) => {
  const store = fileStore(join(temporaryFolder(t), 'deep', 'store'), 'each');
  assert.equal(await store.sizeOf('a.bin'), undefined);
  await store.append('a.bin', Uint8Array.of(1, 2, 3));
  await store.append('a.bin', Uint8Array.of(4, 5));
  assert.equal(await store.sizeOf('a.bin'), 5);
  assert.deepEqual(await store.read('a.bin', 1, 3), Uint8Array.of(2, 3, 4));
  await assert.rejects(store.read('a.bin', 3, 3), /a\.bin ends 1 bytes before 6/);
  assert.deepEqual(await store.list(), ['a.bin']);
  await store.remove('a.bin');
  await store.remove('a.bin');
  assert.deepEqual(await store.list(), []);
});

test('a name that would leave the folder is a broken promise', async (t) => {
  const store = fileStore(temporaryFolder(t), 'never');
  for (const name of ['../a', 'a/b', '', '.', '..', '.hidden', 'a\0']) {
    await assert.rejects(async () => store.append(name, new Uint8Array(1)), /not a name for a store/, JSON.stringify(name));
  }
});

test('a full disk reaches the caller as the system says it', { skip: process.platform !== 'linux' && 'needs /dev/full' }, async (t) => {
  const folder = temporaryFolder(t);
  symlinkSync('/dev/full', join(folder, 'full'));
  await assert.rejects(fileStore(folder, 'never').append('full', new Uint8Array(10)), { code: 'ENOSPC' });
});

test('an atomic write replaces whole, and leaves nothing behind when it fails', (t) => {
  const folder = temporaryFolder(t), target = join(folder, 'run.json');
  writeFileSync(target, 'old');
  atomicWrite(target, 'new');
  assert.equal(readFileSync(target, 'utf8'), 'new');
  assert.throws(() => atomicWrite(join(folder, 'none', 'run.json'), 'x'), { code: 'ENOENT' });
  assert.throws(() => atomicWrite(folder, 'a folder is in the way'), { code: /EISDIR|ENOTEMPTY|EEXIST|EPERM/ });
  assert.deepEqual(readdirSync(folder), ['run.json']);
});
