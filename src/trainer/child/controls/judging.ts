import { controlKinds, type ControlKind, type Score, type Verdict } from '../../../protocol/verdict.ts';
import { isTrained, scratchBudgetMs, type TrainedControl } from '../../../experiment/controlPlan.ts';
import { budgetOf, callItems, isProbe, keyOf, stoppedBefore, trainControl, type ControlResult, type ControlTask } from './controls.ts';
import { diagnosticOf } from '../exit.ts';
import { isDecisive } from '../../../evidence/verdict.ts';
import { foldJournal } from '../../../runs/foldJournal.ts';
import { join } from 'node:path';
import { judgeAgain, judgeStored } from './storedVerdict.ts';
import { placeOf, runFolder } from '../../../runs/runFolder.ts';
import { reusableControl } from './controlKey.ts';
import type { Prepared } from '../training.ts';
import type { Trained } from '../stages/trainJob.ts';

/** Runs the plan's controls after their run and appends the verdict. A stop ends it early: what is missing is then said. */
export async function judgeRun(prepared: Prepared, trained: Trained, trainedMs: number): Promise<void> {
  const { run, plan } = prepared;
  if (!trained.best) return;
  const task: ControlTask = { prepared, steps: trained.step, scratchMs: scratchBudgetMs(plan, trainedMs) }, missing: Verdict['missing'][number][] = [];
  for (const control of controlKinds) {
    const why = reasonAgainst(control, prepared);
    const result: ControlResult = why === undefined ? await resultOf(control, task) : { why };
    if ('why' in result) missing.push({ control, why: result.why });
  }
  const verdict = await judgeStored(run.folder, prepared.network, missing);
  if (verdict) run.append({ type: 'verdict', verdict });
  const { seedOf } = run.manifest;
  if (seedOf !== undefined) await judgeAgain(runFolder(join(placeOf(run.folder).runs, seedOf)), prepared.network); // with this seed too
}

/** Why there will be no such control; undefined when there will. */
export function reasonAgainst(control: ControlKind, prepared: Prepared): string | undefined {
  if (prepared.plan.weights === 'random' && isDecisive(control)) return 'the run itself starts at random';
  if (!prepared.plan.controls.includes(control)) return 'switched off';
  if (control === 'linear-probe' && isProbe(prepared)) return 'it is the run';
  return prepared.run.stopRequested.aborted ? stoppedBefore.why : undefined;
}

async function resultOf(control: ControlKind, task: ControlTask): Promise<ControlResult> {
  if (isTrained(control)) return await reused(control, task) ?? await controlRun(control, task);
  const { run } = task.prepared, score = await callItems(control, task.prepared, run.folder, control);
  if (!score) return stoppedBefore;
  run.append({ type: 'control', control, ...score });
  return score;
}

/** An earlier run's control that is the very same one. */
async function reused(control: TrainedControl, task: ControlTask): Promise<ControlResult | undefined> {
  const { run } = task.prepared, found = reusableControl(placeOf(run.folder), keyOf(control, task), budgetOf(control, task));
  const tested = found && (await foldJournal(found.folder, found.manifest)).tested;
  if (!tested) return undefined;
  const { controlOf, cutAtStep } = found.manifest, { accuracy, metrics } = tested;
  const score: Score = { accuracy, ...(metrics && { metrics }) };
  run.append({ type: 'control', control, ...score, runId: found.folder.id, reusedFrom: controlOf, ...(cutAtStep !== undefined && { matchedSteps: cutAtStep }) });
  return score;
}

/** A control that trains is a run of its own, in a folder of its own. One that fails is missing; it does not take the run with it. */
async function controlRun(control: TrainedControl, task: ControlTask): Promise<ControlResult> {
  const { run } = task.prepared, budgetMs = budgetOf(control, task);
  const writer = run.openControl(control, run.manifest.request);
  run.append({ type: 'control-started', control, runId: writer.folder.id, ...(budgetMs !== undefined && { budgetMs }) });
  try {
    const result = await trainControl(control, task, writer);
    writer.close('why' in result || run.stopRequested.aborted ? 'stopped' : 'finished');
    if (!('why' in result)) run.append({ type: 'control', control, runId: writer.folder.id, ...result });
    return result;
  } catch (error) {
    const diagnostic = diagnosticOf(error);
    writer.close('failed', diagnostic);
    return { why: `it failed: ${diagnostic.message}` };
  }
}
