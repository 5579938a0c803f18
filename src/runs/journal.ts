import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, readSync } from 'node:fs';
import { open } from 'node:fs/promises';
import type { RunEvent, RunFact } from '../protocol/runEvent.ts';
import { nowAt } from '../base/clock.ts';
import { formatJson } from '../protocol/jsonText.ts';
import { parseRunEvent } from '../protocol/guards.ts';
import { writeFully } from './atomicWrite.ts';
import { codeOf } from './systemError.ts';

/**
 * journal.jsonl: one event per line, append-only, `seq` from 0 without gaps. A last line without its newline was torn
 * by a crash: readers leave it, the next writer cuts it off.
 */
export interface JournalWriter {
  /** The last event that was in the journal when it was opened. */
  readonly last: RunEvent | undefined;
  /**
   * Writes one line and returns it as an event. `sync`: on the disk when this returns (milestones); steps may be lost
   * with the machine's power. Throws the system's error, and the journal is as before: no half line.
   */
  append(fact: RunFact, sync?: boolean, at?: string): RunEvent;
  close(): void;
}

/** Opens the journal at its end, creating it when missing; a torn last line is cut off. One writer at a time: see lease.ts. */
export function openJournal(file: string): JournalWriter {
  const fd = openSync(file, 'a+');
  const end = endOf(fd);
  let { lengthBytes } = end;
  let seq = end.last ? end.last.seq + 1 : 0;
  ftruncateSync(fd, lengthBytes);
  return {
    last: end.last,
    append(fact, sync = false, at = nowAt()) {
      const event: RunEvent = { seq, at, ...fact };
      const line = Buffer.from(`${formatJson(event)}\n`);
      try {
        writeFully(fd, line);
        if (sync) fsyncSync(fd);
      } catch (error) {
        ftruncateSync(fd, lengthBytes);
        throw error;
      }
      lengthBytes += line.length;
      seq++;
      return event;
    },
    close: () => closeSync(fd),
  };
}

export interface JournalBatch {
  readonly events: readonly RunEvent[];
  /** Lines that were skipped and why: of a newer Thaw, or damaged. */
  readonly notes: readonly string[];
  /** Where to read on next time: the start of the first line that is not in `events`. */
  readonly nextByte: number;
}

/** Events from a byte offset on, in batches, so that a journal of any length streams. Ends at the last whole line; no file, no batches. */
export async function* readJournal(file: string, fromByte = 0, chunkBytes = 1 << 20): AsyncGenerator<JournalBatch> {
  const handle = await open(file, 'r').catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (!handle) return;
  try {
    let rest = Buffer.alloc(0), nextByte = fromByte;
    for (;;) {
      const chunk = Buffer.alloc(chunkBytes);
      const { bytesRead } = await handle.read(chunk, 0, chunkBytes, nextByte + rest.length);
      if (bytesRead === 0) return;
      rest = Buffer.concat([rest, chunk.subarray(0, bytesRead)]);
      const wholeBytes = rest.lastIndexOf(newline) + 1;
      if (wholeBytes === 0) continue;
      const lines = rest.toString('utf8', 0, wholeBytes - 1).split('\n');
      rest = rest.subarray(wholeBytes);
      nextByte += wholeBytes;
      yield { ...parseLines(lines), nextByte };
    }
  } finally {
    await handle.close();
  }
}

const newline = 0x0a;

function parseLines(lines: readonly string[]): { events: RunEvent[]; notes: string[] } {
  const events: RunEvent[] = [], notes: string[] = [];
  for (const line of lines) {
    const event = parseLine(line);
    if (event.ok) events.push(event.value);
    else notes.push(event.note);
  }
  return { events, notes };
}

function parseLine(line: string): ReturnType<typeof parseRunEvent> {
  try {
    return parseRunEvent(JSON.parse(line));
  } catch {
    return { ok: false, note: `not JSON: ${line.slice(0, 80)}` };
  }
}

/** The length up to the last newline, and the last event before it. Reads backwards, a growing tail at a time. */
function endOf(fd: number): { lengthBytes: number; last: RunEvent | undefined } {
  const { size } = fstatSync(fd);
  for (let tailBytes = 1 << 16; ; tailBytes *= 4) {
    const from = Math.max(0, size - tailBytes);
    const tail = Buffer.alloc(size - from);
    for (let done = 0; done < tail.length;) {
      const bytesRead = readSync(fd, tail, done, tail.length - done, from + done);
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    const end = tail.lastIndexOf(newline) + 1;
    const last = parseLines(tail.toString('utf8', 0, Math.max(0, end - 1)).split('\n')).events.at(-1);
    if (last || from === 0) return { lengthBytes: from + end, last };
  }
}
