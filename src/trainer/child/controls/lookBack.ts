import { calibrationOf } from '../../../evidence/calibration.ts';
import { diagnosticOf } from '../exit.ts';
import { writeEvidence } from '../../../runs/evidenceFiles.ts';
import { Sources } from '../features/sources.ts';
import type { Prepared } from '../training.ts';
import type { Trained } from '../stages/trainJob.ts';
import { sourceAccuracy } from './sourceAccuracy.ts';
import type { SourceTask } from '../photos/sourceTask.ts';
import type { Transfer } from '../../../protocol/insight.ts';
import { transferOf } from './transfer.ts';

/** As long as looking back may take: a share of the run's time, or little anyway. */
const share = 0.03, leastMs = 2000;

/** Looks at a run that was tested: can its probabilities be trusted, what did fine-tuning change, and what was forgotten? trainedMs: what it took so far. */
export async function lookBack(prepared: Prepared, trained: Trained, trainedMs: number, sourceTask?: SourceTask): Promise<void> {
  const { run, dataset, card, network, start, store, machine, engine } = prepared, { labels, rows, classes } = dataset;
  if (!trained.best) return;
  const outputs = (logits: Float32Array, of: readonly number[]) => ({ logits, labels: of.map((row) => labels[row]!), classes: classes.length });
  if (!dataset.targets) { // one class per image: the only probabilities that are a choice of one
    const calibration = calibrationOf(outputs(trained.validationLogits, rows.validation), outputs(trained.best.testLogits, rows.test));
    writeEvidence(run.folder, 'calibration', calibration);
    run.append({ type: 'calibrated', calibration });
  }

  const sources = new Sources({ card, network, stages: [], store, threads: machine.threads, engine: () => Promise.resolve(engine), activity: 'features', append: run.append, stop: run.stopRequested });
  try {
    const transfer = await transferOf(prepared, trained, {
      sourceOf: (boundary, photos) => sources.of(boundary, start, photos), stop: run.stopRequested, budgetMs: Math.max(leastMs, share * trainedMs),
    });
    const isMoved = transfer.changes.some(({ change }) => change > 0), source = sourceTask && isMoved ? await sourceAccuracy(prepared, trained, sourceTask) : undefined;
    const whole: Transfer = { ...transfer, ...(source && { source }) };
    writeEvidence(run.folder, 'transfer', whole);
    run.append({ type: 'transferred', transfer: whole });
  } catch (error) { // such as memory that three networks do not find: the run and its verdict do not depend on it
    const { message, ...found } = diagnosticOf(error);
    run.append({ type: 'warning', diagnostic: { ...found, severity: 'warning', message: `what was transferred could not be looked at: ${message}` } });
  }
}
