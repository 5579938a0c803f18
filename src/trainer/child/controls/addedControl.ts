import { join } from 'node:path';
import type { Machine } from '../machine/machine.ts';
import type { Outcome } from '../../../protocol/runEvent.ts';
import { callItems, isProbe, trainControl, type ControlTask } from './controls.ts';
import { isTrained, scratchBudgetMs } from '../../../experiment/controlPlan.ts';
import { judgeAgain } from './storedVerdict.ts';
import { placeOf, runFolder } from '../../../runs/runFolder.ts';
import { prepareRun } from '../prepareRun.ts';
import { readManifest } from '../../../runs/manifest.ts';
import { readJournal } from '../../../runs/journal.ts';
import { Refused, type Diagnostic } from '../../../protocol/diagnostic.ts';
import type { RunFolder } from '../../../runs/runFolder.ts';
import { Bug } from '../../../base/bug.ts';
import type { TrainerRun } from '../runWriter.ts';
import { valueOf } from '../photos/dataset.ts';

/**
 * A control of a run that has ended, in a trainer of its own: the same photos in the same splits, the plan as it was. When
 * it is done, the run's journal gets it and a new verdict, and so does the run that this one repeats with another seed.
 */
export async function runAddedControl(run: TrainerRun, machine: Machine): Promise<Outcome> {
  const { control, controlOf } = run.manifest;
  if (control === undefined || controlOf === undefined) throw new Bug('a control without a run');
  const parent = runFolder(join(placeOf(run.folder).runs, controlOf)), { dataFingerprint, seedOf, test, continues } = valueOf(readManifest(parent));
  if (!test) throw new Refused([refusal('the run was not tested: there is nothing to compare a control with', 'choose a run that was trained to its end')]);
  const prepared = await prepareRun(run, machine, parent);
  if (!prepared) return 'stopped';
  if (prepared.dataset.fingerprint !== dataFingerprint) {
    throw new Refused([{ code: 'data-changed', severity: 'error', message: 'the photos are not those that the run was tested on: a control would be judged on others', fix: 'run the experiment again, with its controls' }]);
  }
  if (control === 'linear-probe' && isProbe(prepared)) throw new Refused([refusal('the run is a linear probe itself', 'choose another control')]);
  const { steps, elapsedMs } = await takenBy(parent), task: ControlTask = { prepared, steps, scratchMs: scratchBudgetMs(prepared.plan, elapsedMs + (continues?.spentMs ?? 0)) };
  const result = isTrained(control) ? await trainControl(control, task, run) : await callItems(control, prepared, run.folder, 'test');
  if (!result || run.stopRequested.aborted) return 'stopped';
  if ('why' in result) throw new Refused([refusal(result.why, 'give it more time: --scratch-budget, or `scratchBudget` in the experiment file')]);
  const judged = await judgeAgain(parent, prepared.network, [{ type: 'control', control, runId: run.folder.id, ...result }]);
  if (!judged) throw new Refused([refusal('the run could not be judged anew: something works on it, or it is gone', 'add the control again: it is found and not trained twice')]);
  if (seedOf !== undefined) await judgeAgain(runFolder(join(placeOf(run.folder).runs, seedOf)), prepared.network);
  return 'finished';
}

const refusal = (message: string, fix: string): Diagnostic => ({ code: 'control-refused', severity: 'error', message, fix });

/** Steps of the run's training, and how long it took, by its journal. */
async function takenBy(parent: RunFolder): Promise<{ readonly steps: number; readonly elapsedMs: number }> {
  let steps = 0, startedAt: string | undefined, testedAt: string | undefined;
  for await (const { events } of readJournal(parent.journal)) {
    for (const event of events) {
      if (event.type === 'started') startedAt ??= event.at;
      if (event.type === 'evaluated') steps = event.step;
      if (event.type === 'tested') testedAt = event.at;
    }
  }
  return { steps, elapsedMs: startedAt === undefined || testedAt === undefined ? 0 : Date.parse(testedAt) - Date.parse(startedAt) };
}

