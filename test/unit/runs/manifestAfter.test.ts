import assert from 'node:assert/strict';
import { test } from 'node:test';
import { manifestAfter } from '../../../src/runs/manifestAfter.ts';
import { aManifest, aShare, asEvents, everyFact } from '../../support/runs.ts';

test('the manifest says in brief what the journal says at length', () => {
  const events = asEvents(everyFact), end = events.at(-1)!;
  const manifest = events.reduce(manifestAfter, aManifest());
  assert.equal(manifest.status, 'finished');
  assert.equal(manifest.endedAt, end.at);
  assert.equal(manifest.engine?.name, 'wasm');
  assert.deepEqual(manifest.best, { step: 1, validationAccuracy: 0.5, validationLoss: 0.8 });
  assert.deepEqual(manifest.test, aShare);
  assert.equal(manifest.claim, 'helps');
  assert.equal(manifest.problem, undefined);
});

test('a resume takes back the end, and an event that says nothing new changes nothing', () => {
  const crashed = manifestAfter(aManifest(), { seq: 0, at: '2026-05-01T12:00:00Z', type: 'ended', outcome: 'crashed', diagnostic: { code: 'run-killed', severity: 'error', message: 'SIGKILL' } });
  assert.equal(crashed.problem?.code, 'run-killed');
  const resumed = manifestAfter(crashed, { seq: 1, at: '', type: 'started', pid: 1, node: 'v20' });
  assert.deepEqual([resumed.status, 'endedAt' in resumed, 'problem' in resumed], ['preparing', false, false]);
  assert.equal(manifestAfter(resumed, { seq: 2, at: '', type: 'checkpoint', step: 1, best: true }), resumed);
});
