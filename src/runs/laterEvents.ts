import { setTimeout as sleep } from 'node:timers/promises';
import type { RunFact } from '../protocol/runEvent.ts';
import { hasEnded } from '../protocol/hasEnded.ts';
import { readManifest, writeManifest } from './manifest.ts';
import { manifestAfter } from './manifestAfter.ts';
import { openJournal } from './journal.ts';
import { placeOf, type RunFolder } from './runFolder.ts';
import { underLock } from './lock.ts';

/**
 * Adds to the journal of a run that has ended: a control that was made later, a verdict that knows more. Its last line is
 * then its end once more, as it was, so that whoever reads the journal finds it ended. False when the run has not ended, or
 * is gone: then nothing is written.
 */
export async function appendLater(run: RunFolder, facts: readonly RunFact[], tries = 50): Promise<boolean> {
  for (; tries > 0; tries--) {
    const done = underLock(placeOf(run).upkeep, () => append(run, facts));
    if (done !== undefined) return done;
    await sleep(100); // somebody else is at it
  }
  return false;
}

function append(run: RunFolder, facts: readonly RunFact[]): boolean {
  const read = readManifest(run);
  if (!read.ok || !hasEnded(read.value.status)) return false;
  const { status: outcome, endedAt, problem } = read.value, journal = openJournal(run.journal);
  try {
    let manifest = read.value;
    for (const fact of facts) manifest = manifestAfter(manifest, journal.append(fact, true));
    manifest = manifestAfter(manifest, journal.append({ type: 'ended', outcome, ...(problem && { diagnostic: problem }) }, true, endedAt));
    writeManifest(run, manifest);
    return true;
  } finally {
    journal.close();
  }
}
