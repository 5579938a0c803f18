import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { type Life, lifeOf, type Sighting } from '../../../src/runs/lease.ts';
import { processStart } from '../../../src/runs/processStart.ts';

const lease = { pid: 4711, pidStart: 'boot/100', host: 'here', heartbeatAt: '2026-05-01T12:00:00.000Z' };
const after = (seconds: number, seen: Partial<Sighting> = {}): Sighting =>
  ({ host: 'here', pidStart: 'boot/100', nowMs: Date.parse(lease.heartbeatAt) + seconds * 1000, ...seen });

test('a lease proves life by its process, and by its heartbeat where the process cannot be seen', () => {
  const cases: readonly [string, Sighting, Life][] = [
    ['the process is there', after(1), 'alive'],
    ['there, but silent: blocked or paused', after(3600), 'stale'],
    ['no such process', after(1, { pidStart: undefined }), 'dead'],
    ['another process has the pid', after(1, { pidStart: 'boot/200' }), 'dead'],
    ['the machine was started anew', after(1, { pidStart: 'other boot/100' }), 'dead'],
    ['a system that does not tell starts, fresh', after(1, { pidStart: '' }), 'alive'],
    ['a system that does not tell starts, silent', after(60, { pidStart: '' }), 'stale'],
    ['a system that does not tell starts, long silent', after(601, { pidStart: '' }), 'dead'],
    ['another machine, fresh', after(1, { host: 'there', pidStart: undefined }), 'alive'],
    ['another machine, silent', after(60, { host: 'there', pidStart: undefined }), 'stale'],
    ['another machine, long silent', after(601, { host: 'there', pidStart: undefined }), 'dead'],
  ];
  for (const [name, seen, life] of cases) assert.equal(lifeOf(lease, seen), life, name);
});

test('a process has one start for as long as it lives, and none afterwards', async () => {
  const own = processStart(process.pid);
  assert.equal(processStart(process.pid), own);
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  const start = processStart(child.pid!);
  assert.notEqual(start, undefined);
  if (process.platform === 'linux') assert.notEqual(start, own);
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.equal(processStart(child.pid!), undefined);
});
