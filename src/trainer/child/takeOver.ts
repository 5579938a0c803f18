import { copyCheckpoints } from '../../runs/checkpoint.ts';
import { readJournal } from '../../runs/journal.ts';
import type { RunFact } from '../../protocol/runEvent.ts';
import type { RunFolder } from '../../runs/runFolder.ts';
import type { RunWriter } from './runWriter.ts';
import type { TrainPlace } from './stages/trainJob.ts';

/** Gives the checkpoints that training in `from` has left, and its curve up to there, to the folder that goes on with it. Returns the time of the last line that was taken. */
export async function takeOver(writer: RunWriter, from: RunFolder, place: TrainPlace): Promise<string | undefined> {
  copyCheckpoints(from, writer.folder);
  let last: string | undefined;
  for await (const { events } of readJournal(from.journal)) {
    for (const { seq: _seq, at, ...fact } of events) {
      if (!isBehind(fact, place)) continue;
      writer.append(fact);
      last = at;
    }
  }
  return last;
}

/** What the journal says of training up to there, and of how it began. */
function isBehind(fact: RunFact, { step, state: { stage, begun } }: TrainPlace): boolean {
  switch (fact.type) {
    case 'stage': return begun ? fact.stage <= stage : fact.stage < stage;
    case 'step': case 'evaluated': return fact.step <= step;
    case 'warning': return fact.diagnostic.code === 'control-rate';
    default: return false;
  }
}
