import type { RunState } from './reduceRun.ts';
import { xs, ys, type Series } from '../base/series.ts';

export interface Behind {
  /** The step at which both were last seen. */
  readonly step: number;
  /** Run − control at that step, in percentage points: negative. */
  readonly gapPt: number;
}

/** Under this many points it is noise of a validation set, not worth a word. */
const watchGapPt = 2;

/**
 * Whether the run is behind its control at the last step that both have evaluated: a WATCH, never a verdict
 * (evidence/verdict.ts judges at the end, on the test items). Pure, so it clears itself with the next evaluation.
 * Uses the best accuracy so far of both, as the checkpoints kept would.
 */
export function behindControl(run: RunState, control: RunState): Behind | undefined {
  const step = Math.min(run.validationAccuracy.length > 0 ? run.step : 0, lastStep(control.validationAccuracy));
  const ours = bestUntil(run.validationAccuracy, step), theirs = bestUntil(control.validationAccuracy, step);
  if (ours === undefined || theirs === undefined) return undefined;
  const gapPt = (ours - theirs) * 100;
  return gapPt <= -watchGapPt ? { step, gapPt } : undefined;
}

const lastStep = (series: Series): number => xs(series).at(-1) ?? 0;

function bestUntil(series: Series, step: number): number | undefined {
  const x = xs(series), y = ys(series);
  let best: number | undefined;
  for (let i = 0; i < x.length && x[i]! <= step; i++) best = Math.max(best ?? 0, y[i]!);
  return best;
}
