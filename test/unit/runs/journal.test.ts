import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { RunEvent } from '../../../src/protocol/runEvent.ts';
import { openJournal, readJournal } from '../../../src/runs/journal.ts';
import { everyFact } from '../../support/runs.ts';
import { temporaryFolder } from '../../support/temporary.ts';

async function readAll(file: string, fromByte = 0, chunkBytes?: number): Promise<{ events: RunEvent[]; notes: string[]; nextByte: number }> {
  const events: RunEvent[] = [], notes: string[] = [];
  let nextByte = fromByte;
  for await (const batch of readJournal(file, fromByte, chunkBytes)) {
    events.push(...batch.events);
    notes.push(...batch.notes);
    nextByte = batch.nextByte;
  }
  return { events, notes, nextByte };
}

const step = (number: number, loss = 1): RunEvent & { type: 'step' } =>
  ({ seq: number, at: '', type: 'step', step: number, epoch: 0, loss, rate: 1, perSecond: 1, etaMs: 1 });

test('what is appended is read back, numbered without gaps, across two writers', async (t) => {
  const file = join(temporaryFolder(t), 'journal.jsonl');
  const first = openJournal(file);
  const written = everyFact.map((fact) => first.append(fact, fact.type === 'ended'));
  first.close();
  const second = openJournal(file);
  assert.deepEqual(second.last, written.at(-1));
  written.push(second.append({ type: 'stage', stage: 1, step: 5 }));
  second.close();
  const { events, notes } = await readAll(file);
  assert.deepEqual(events, written);
  assert.deepEqual(events.map(({ seq }) => seq), events.map((_, index) => index));
  assert.deepEqual(notes, []);
});

test('a journal of any length keeps all its lines when it is opened again', async (t) => {
  const file = join(temporaryFolder(t), 'journal.jsonl'), written = Array.from({ length: 3000 }, (_, i) => step(i));
  writeFileSync(file, `${written.map((event) => JSON.stringify(event)).join('\n')}\n`);
  const writer = openJournal(file);
  assert.deepEqual(writer.last, written.at(-1));
  const added = writer.append({ type: 'stage', stage: 1, step: 3000 });
  writer.close();
  assert.deepEqual((await readAll(file)).events, [...written, added]);
});

test('a torn last line is not read, and cut off by the next writer', async (t) => {
  const file = join(temporaryFolder(t), 'journal.jsonl');
  const writer = openJournal(file);
  writer.append({ type: 'stage', stage: 0, step: 0 });
  writer.close();
  appendFileSync(file, '{"seq":1,"at":"2026-05-01T12:00:00Z","type":"sta');
  assert.equal((await readAll(file)).events.length, 1);
  const next = openJournal(file);
  assert.equal(next.append({ type: 'stage', stage: 1, step: 9 }).seq, 1);
  next.close();
  const { events, notes } = await readAll(file);
  assert.deepEqual(events.map(({ seq }) => seq), [0, 1]);
  assert.deepEqual(notes, []);
});

test('a journal that is torn and nothing else starts anew', (t) => {
  const file = join(temporaryFolder(t), 'journal.jsonl');
  writeFileSync(file, '\0'.repeat(200_000)); // what a power cut can leave
  const writer = openJournal(file);
  assert.equal(writer.append({ type: 'stage', stage: 0, step: 0 }).seq, 0);
  writer.close();
  assert.equal(readFileSync(file, 'utf8').split('\n').length, 2);
});

test('reading goes on from a byte offset, and chunk borders do not matter', async (t) => {
  const file = join(temporaryFolder(t), 'journal.jsonl');
  const writer = openJournal(file);
  const written = everyFact.map((fact) => writer.append(fact));
  const whole = await readAll(file, 0, 7);
  assert.deepEqual(whole.events, written);
  const later = writer.append({ type: 'warning', diagnostic: { code: 'blank', severity: 'warning', message: 'ünïcödé 🐢' } });
  writer.close();
  assert.deepEqual((await readAll(file, whole.nextByte, 5)).events, [later]);
  assert.deepEqual((await readAll(join(file, '..', 'none.jsonl'))).events, []);
});

test('damaged lines and those of a newer Thaw are passed over, each with a note', async (t) => {
  const file = join(temporaryFolder(t), 'journal.jsonl');
  writeFileSync(file, ['{"seq":0,"at":"","type":"stage","stage":0,"step":0}', 'garbage', '{"seq":1,"at":"","type":"levitated"}', '{"seq":2,"at":"","type":"stage","stage":1,"step":2}', ''].join('\n'));
  const { events, notes } = await readAll(file);
  assert.deepEqual(events.map(({ seq }) => seq), [0, 2]);
  assert.deepEqual(notes, ['not JSON: garbage', 'unknown type "levitated"']);
});

test('a loss that is not a number is readable in the file and afterwards', async (t) => {
  const file = join(temporaryFolder(t), 'journal.jsonl');
  const writer = openJournal(file);
  writer.append(step(1, NaN));
  writer.close();
  assert.match(readFileSync(file, 'utf8'), /"loss":"NaN"/);
  const [event] = (await readAll(file)).events;
  assert.ok(event?.type === 'step' && Number.isNaN(event.loss));
});

test('a long last line is found when the journal is opened again', (t) => {
  const file = join(temporaryFolder(t), 'journal.jsonl');
  const writer = openJournal(file);
  writer.append({ type: 'warning', diagnostic: { code: 'blank', severity: 'warning', message: 'x'.repeat(300_000) } });
  writer.close();
  const again = openJournal(file);
  assert.equal(again.last?.seq, 0);
  again.close();
});

test('a hundred thousand lines stream in batches', async (t) => {
  const file = join(temporaryFolder(t), 'journal.jsonl');
  writeFileSync(file, Array.from({ length: 100_000 }, (_, seq) => `${JSON.stringify(step(seq))}\n`).join(''));
  let count = 0, batches = 0, largest = 0;
  for await (const { events } of readJournal(file)) {
    count += events.length;
    batches++;
    largest = Math.max(largest, events.length);
  }
  assert.equal(count, 100_000);
  assert.ok(batches >= 8 && largest < 20_000, `${batches} batches, the largest of ${largest}`);
});
