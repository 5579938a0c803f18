import assert from 'node:assert/strict';
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import type { RunManifest } from '../../../src/protocol/runManifest.ts';
import { concludeIfDead, lifeOfRun } from '../../../src/runs/conclude.ts';
import { leaseOf, writeLease } from '../../../src/runs/lease.ts';
import { openJournal } from '../../../src/runs/journal.ts';
import { placeOf, type RunFolder } from '../../../src/runs/runFolder.ts';
import { readManifest } from '../../../src/runs/manifest.ts';
import { tryLock } from '../../../src/runs/lock.ts';
import { aRun } from '../../support/runs.ts';
import { temporaryFolder } from '../../support/temporary.ts';

const noSuchPid = 2 ** 22 + 1;
const longAgo = '2026-05-01T12:00:00.000Z';

function manifestOf(run: RunFolder): RunManifest {
  const manifest = readManifest(run);
  assert.ok(manifest.ok);
  return manifest.value;
}

/** A run whose trainer wrote two lines and half of a third, and is gone since `heartbeatAt`. */
function aDeadRun(home: string, heartbeatAt = longAgo): RunFolder {
  const run = aRun(home, { status: 'training', createdAt: longAgo });
  const journal = openJournal(run.journal);
  journal.append({ type: 'started', pid: noSuchPid, node: 'v20' });
  journal.append({ type: 'stage', stage: 0, step: 0 });
  journal.close();
  appendFileSync(run.journal, '{"seq":2,"at"');
  writeLease(run, { ...leaseOf(process.pid), pid: noSuchPid, heartbeatAt });
  return run;
}

test('a dead run gets its end in journal and manifest, as of its last heartbeat', (t) => {
  const run = aDeadRun(temporaryFolder(t));
  const concluded = concludeIfDead(run, manifestOf(run));
  assert.deepEqual([concluded.status, concluded.endedAt, concluded.problem?.code], ['crashed', longAgo, 'run-crashed']);
  assert.deepEqual(manifestOf(run), concluded);
  const last = JSON.parse(readFileSync(run.journal, 'utf8').trim().split('\n').at(-1)!) as object;
  assert.deepEqual(last, { seq: 2, at: longAgo, type: 'ended', outcome: 'crashed', diagnostic: concluded.problem });
  assert.ok(!existsSync(run.lease));
  assert.equal(concludeIfDead(run, concluded), concluded, 'once is enough');
});

test('the keeper gets some seconds to tell how a trainer died, before others say that nobody knows', (t) => {
  const run = aDeadRun(temporaryFolder(t), new Date().toISOString());
  assert.equal(lifeOfRun(run, manifestOf(run)), 'stale');
  assert.equal(concludeIfDead(run, manifestOf(run)).status, 'training');
  writeFileSync(run.exit, JSON.stringify({ at: longAgo, signal: 'SIGSEGV', oomKilled: false }));
  assert.equal(concludeIfDead(run, manifestOf(run)).problem?.code, 'native-crash');
});

test('a trainer that wrote its last line and died before the manifest is believed', (t) => {
  const run = aDeadRun(temporaryFolder(t));
  const journal = openJournal(run.journal);
  const { at } = journal.append({ type: 'ended', outcome: 'finished' });
  journal.close();
  const concluded = concludeIfDead(run, manifestOf(run));
  assert.deepEqual([concluded.status, concluded.endedAt, concluded.problem], ['finished', at, undefined]);
});

test('a run that somebody else is concluding is left to them', (t) => {
  const run = aDeadRun(temporaryFolder(t));
  const lock = tryLock(placeOf(run).upkeep);
  assert.equal(concludeIfDead(run, manifestOf(run)).status, 'training');
  lock?.release();
  assert.equal(concludeIfDead(run, manifestOf(run)).status, 'crashed');
});

test('a run without a lease is starting at first, and dead when nobody came', (t) => {
  const home = temporaryFolder(t);
  const fresh = aRun(home), old = aRun(home, { createdAt: longAgo });
  assert.equal(lifeOfRun(fresh, manifestOf(fresh)), 'alive');
  assert.equal(lifeOfRun(old, manifestOf(old)), 'dead');
  assert.equal(lifeOfRun(old, { ...manifestOf(old), status: 'finished' }), 'ended');
});

test('a control ends with the trainer of its run; one that was added later has its own', (t) => {
  const home = temporaryFolder(t), run = aRun(home, { status: 'finished' }), ofRun = { controlOf: run.id, control: 'scratch', createdAt: new Date().toISOString() } as const;
  writeFileSync(run.exit, JSON.stringify({ at: longAgo, code: 0, oomKilled: false }));
  const within = aRun(home, ofRun), later = aRun(home, { ...ofRun, addedLater: true });
  assert.equal(lifeOfRun(within, manifestOf(within)), 'dead');
  assert.equal(lifeOfRun(later, manifestOf(later)), 'alive', 'it waits for its trainer');
  writeFileSync(later.exit, JSON.stringify({ at: longAgo, signal: 'SIGSEGV', oomKilled: false }));
  assert.equal(concludeIfDead(later, manifestOf(later)).problem?.code, 'native-crash');
});
