import assert from 'node:assert/strict';
import { test } from 'node:test';
import { appendLater } from '../../../src/runs/laterEvents.ts';
import { keptWithin, readTrace, writeTrace } from '../../../src/runs/trace.ts';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openJournal, readJournal } from '../../../src/runs/journal.ts';
import { readManifest } from '../../../src/runs/manifest.ts';
import type { RunEvent } from '../../../src/protocol/runEvent.ts';
import { aRun, aShare, everyFact } from '../../support/runs.ts';
import { temporaryFolder } from '../../support/temporary.ts';

test('what is added to a run that has ended stands before its end, which is as it was', async (t) => {
  const endedAt = '2026-05-01T12:00:00.000Z', run = aRun(temporaryFolder(t), { status: 'finished', endedAt }), journal = openJournal(run.journal);
  for (const fact of everyFact) journal.append(fact, false, endedAt);
  journal.close();
  const verdict = everyFact.find((fact) => fact.type === 'verdict')!;
  assert.equal(await appendLater(run, [{ type: 'control', control: 'knn', accuracy: aShare }, { ...verdict, verdict: { ...verdict.verdict, claim: 'hurts' } }]), true);
  const events: RunEvent[] = [];
  for await (const batch of readJournal(run.journal)) events.push(...batch.events);
  assert.deepEqual(events.map(({ seq }) => seq), events.map((_, i) => i));
  assert.deepEqual(events.slice(-3).map(({ type, at }) => [type, type === 'ended' ? at : '']), [['control', ''], ['verdict', ''], ['ended', endedAt]]);
  const manifest = readManifest(run);
  assert.ok(manifest.ok);
  assert.deepEqual([manifest.value.status, manifest.value.endedAt, manifest.value.claim], ['finished', endedAt, 'hurts']);
});

test('nothing is added to a run that somebody still trains, or that is gone', async (t) => {
  const home = temporaryFolder(t);
  assert.equal(await appendLater(aRun(home, { status: 'training' }), everyFact), false);
});

test('a trace says what would have been kept at any step; a damaged one is none', (t) => {
  const run = aRun(temporaryFolder(t));
  mkdirSync(run.evaluations);
  writeTrace(run, [{ step: 0, best: true, right: '001' }, { step: 10, best: true, right: '011' }, { step: 20, best: false, right: '000' }]);
  const trace = readTrace(run);
  assert.deepEqual([0, 9, 10, 99].map((step) => keptWithin(trace, step)?.right), ['001', '001', '011', '011']);
  assert.equal(keptWithin(trace, -1), undefined);
  writeTrace(run, [{ step: 0, best: true, said: [1.5, -2] }]);
  assert.deepEqual(keptWithin(readTrace(run), 5)?.said, [1.5, -2], 'of numbers, what was said');
  writeFileSync(join(run.evaluations, 'trace.jsonl'), '{"step":0,"best":true,"right":"012"}\n');
  assert.deepEqual(readTrace(run), []);
});
