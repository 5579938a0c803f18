import { watch } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Disposable } from '../../base/owner.ts';
import type { RunEvent } from '../../protocol/runEvent.ts';
import type { RunFolder } from '../../runs/runFolder.ts';
import { concludeIfDead } from '../../runs/conclude.ts';
import { hasEnded } from '../../protocol/hasEnded.ts';
import { readManifest } from '../../runs/manifest.ts';
import { nowAt } from '../../base/clock.ts';
import { readJournal } from '../../runs/journal.ts';

export interface FollowOptions {
  /** How often to look without a hint: file systems that do not tell, and trainers that died. */
  readonly pollMs?: number;
  /** Told of journal lines that were skipped. */
  readonly onNote?: (note: string) => void;
}

/**
 * Events of a run in `seq` order, be it queued, live, dead or long over. Ends with the run (the last event is `ended`),
 * on abort, or when the run is deleted. A run whose trainer died is concluded on the way. When the events have come to
 * their end, run.json tells the same.
 */
export async function* eventsOf(run: RunFolder, fromSeq: number, signal: AbortSignal, options: FollowOptions = {}): AsyncGenerator<RunEvent> {
  const { pollMs = 1000, onNote } = options;
  const hints = hintsOf(run.path);
  let nextByte = 0, next = fromSeq, last: RunEvent | undefined;
  try {
    for (let over: RunEvent | undefined; ;) {
      for await (const batch of readJournal(run.journal, nextByte)) {
        for (const event of batch.events) {
          if (signal.aborted) return;
          last = event;
          if (event.seq < next) continue;
          yield event;
          next = event.seq + 1;
        }
        nextByte = batch.nextByte;
        if (onNote) batch.notes.forEach(onNote);
      }
      if (signal.aborted) return;
      if (last?.type === 'ended') return await manifestWritten(run, signal);
      if (over) {
        yield over; // its folder cannot be written: the end is known all the same
        return;
      }
      if (await hints.next(pollMs, signal)) continue;
      const manifest = readManifest(run);
      if (!manifest.ok) return;
      const now = concludeIfDead(run, manifest.value);
      const { status: outcome, endedAt: at = nowAt(), problem: diagnostic } = now;
      // Once more round: its last lines may have come in between.
      if (hasEnded(outcome)) over = { type: 'ended', seq: next, at, outcome, ...(diagnostic && { diagnostic }) };
    }
  } finally {
    hints.dispose();
  }
}

/** The journal is written first; the manifest follows within milliseconds, unless it cannot be written. */
async function manifestWritten(run: RunFolder, signal: AbortSignal): Promise<void> {
  for (let tries = 0; tries < 100 && !signal.aborted; tries++) {
    const manifest = readManifest(run);
    if (!manifest.ok || hasEnded(manifest.value.status)) return;
    await sleep(20, undefined, { signal }).catch(() => undefined);
  }
}

/** A page needs no more than this; a trainer may write a thousand lines a second. */
const calmMs = 50;

interface Hints extends Disposable {
  /** Waits for a change in the folder; false when none came within `pollMs`, or on abort. */
  next(pollMs: number, signal: AbortSignal): Promise<boolean>;
}

function hintsOf(folder: string): Hints {
  let changed = false, wake = (): void => undefined;
  const watcher = tryWatch(folder, () => { changed = true; wake(); });
  return {
    dispose: () => watcher?.close(),
    async next(pollMs, signal) {
      if (!changed) {
        const woken = new AbortController();
        wake = () => woken.abort();
        await sleep(pollMs, undefined, { signal: AbortSignal.any([woken.signal, signal]) }).catch(() => undefined);
      }
      if (!changed) return false;
      await sleep(calmMs, undefined, { signal }).catch(() => undefined);
      changed = false;
      return true;
    },
  };
}

/** Hints are a kindness: some file systems have none, and the system's watchers can be used up. Polling is enough. */
export function tryWatch(folder: string, onChange: () => void): ReturnType<typeof watch> | undefined {
  try {
    return watch(folder, { persistent: false }, onChange).on('error', () => undefined);
  } catch {
    return undefined;
  }
}
