/**
 * While a control trains after its run: is the run behind it so far? Only a WATCH, never a claim (evidence/verdict.ts
 * judges at the end, on the test items): it looks at validation accuracy at equal steps, and more than half of the runs
 * that end well are behind at a tenth of their way. Both count with their best so far, as the checkpoints kept would.
 */
import type { RunState } from './reduceRun.ts';
import { xs, ys, type Series } from '../base/series.ts';

export interface Behind {
  /** The evaluation of the run at which it fell behind and has not caught up since. */
  readonly sinceStep: number;
  /** The latest one that its control has reached too. */
  readonly step: number;
  /** Run − control at `step`, in percentage points: negative. */
  readonly gapPt: number;
}

/** Smaller gaps are noise of a validation set, not worth a word. */
const watchGapPt = 2;

/**
 * Undefined when the run is not behind at the latest of its evaluations that the control has reached, so the watch
 * clears itself. Evaluations need not fall on the same steps: of the control, those up to the run's step count.
 */
export function behindControl(run: RunState, control: RunState): Behind | undefined {
  const ours = evaluationsOf(run.validationAccuracy), theirs = evaluationsOf(control.validationAccuracy);
  const reached = theirs.at(-1)?.step ?? -1;
  let behind: Behind | undefined, next = 0, best = 0, bestOfControl: number | undefined;
  for (const { step, accuracy } of ours) {
    if (step > reached) break;
    best = Math.max(best, accuracy);
    for (; next < theirs.length && theirs[next]!.step <= step; next++) bestOfControl = Math.max(bestOfControl ?? 0, theirs[next]!.accuracy);
    if (bestOfControl === undefined) continue;
    const gapPt = (best - bestOfControl) * 100;
    behind = gapPt > -watchGapPt ? undefined : { sinceStep: behind?.sinceStep ?? step, step, gapPt };
  }
  return behind;
}

function evaluationsOf(series: Series): { readonly step: number; readonly accuracy: number }[] {
  const accuracies = ys(series);
  return Array.from(xs(series), (step, i) => ({ step, accuracy: accuracies[i]! }));
}
