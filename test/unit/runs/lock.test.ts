import assert from 'node:assert/strict';
import { readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { leaseOf } from '../../../src/runs/lease.ts';
import { tryLock, underLock } from '../../../src/runs/lock.ts';
import { temporaryFolder } from '../../support/temporary.ts';

const dead = JSON.stringify({ ...leaseOf(process.pid), pid: 2 ** 22 + 1, heartbeatAt: '2026-05-01T12:00:00.000Z' });

test('one holder at a time; free again after release', (t) => {
  const folder = join(temporaryFolder(t), 'lock');
  const first = tryLock(folder);
  assert.ok(first);
  assert.equal(tryLock(folder), undefined);
  first.beat();
  assert.equal(tryLock(folder), undefined);
  first.release();
  const second = tryLock(folder);
  assert.ok(second);
  assert.equal(readdirSync(folder).length, 1, 'old numbers are cleared away');
  second.release();
});

test('a lock whose holder is dead is free', (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, '7'), dead);
  assert.ok(tryLock(folder));
  assert.deepEqual(readdirSync(folder), ['8']);
});

test('a lock that is just being written is held, and free when its writer never came to it', (t) => {
  const folder = temporaryFolder(t), file = join(folder, '3');
  writeFileSync(file, '');
  assert.equal(tryLock(folder), undefined);
  utimesSync(file, 0, 0);
  assert.ok(tryLock(folder));
});

test('a lock is released though the deed fails, and a held one is not waited for', (t) => {
  const folder = join(temporaryFolder(t), 'lock');
  assert.throws(() => underLock(folder, () => { throw new Error('no'); }), /no/);
  assert.equal(underLock(folder, () => underLock(folder, () => 'inner') ?? 'refused'), 'refused');
});
