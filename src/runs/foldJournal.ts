import type { RunManifest } from '../protocol/runManifest.ts';
import type { RunFolder } from './runFolder.ts';
import { initialRun, reduceRun, type RunState } from '../protocol/reduceRun.ts';
import { readJournal } from './journal.ts';

/** A stored run as it is shown: its journal read to the end, now. */
export async function foldJournal(run: RunFolder, manifest: RunManifest): Promise<RunState> {
  let state = initialRun(manifest);
  for await (const { events } of readJournal(run.journal)) {
    for (const event of events) state = reduceRun(state, event);
  }
  return state;
}
