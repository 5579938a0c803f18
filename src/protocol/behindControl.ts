/**
 * While a control trains after its run: is the run behind it so far? Only a WATCH, never a claim (evidence/verdict.ts
 * judges at the end, on the test items): it looks at validation accuracy at equal steps, and more than half of the runs
 * that end well are behind at a tenth of their way. Both count with their best so far, as the checkpoints kept would.
 * Its interval is Newcombe's of two shares (1998, Statistics in Medicine 17:873–890, method 10), from their Wilson intervals
 * and as if the two had judged different photos: journals hold accuracies, no pairs, so it is wider than a paired one.
 */
import type { RunState } from './reduceRun.ts';
import type { RunManifest } from './runManifest.ts';
import { controlTitle, scoreName } from './wording.ts';
import { wilson } from '../base/wilson.ts';
import { xs, ys, type Series } from '../base/series.ts';

export interface Behind {
  /** The evaluation of the run at which it fell behind and has not caught up since. */
  readonly sinceStep: number;
  /** The latest one that its control has reached too. */
  readonly step: number;
  /** Run − control at `step`, in percentage points: negative; with its 95 % interval over the validation items. */
  readonly gapPt: number;
  readonly lowPt: number;
  readonly highPt: number;
  /** Validation items behind it; 0 where there is no interval. */
  readonly items: number;
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
  const items = run.data?.task === 'image-regression' ? 0 : run.data?.validation.reduce((a, b) => a + b, 0) ?? 0; // R² is no share of items
  let behind: Behind | undefined, next = 0, best = 0, bestOfControl: number | undefined;
  for (const { step, accuracy } of ours) {
    if (step > reached) break;
    best = Math.max(best, accuracy);
    for (; next < theirs.length && theirs[next]!.step <= step; next++) bestOfControl = Math.max(bestOfControl ?? 0, theirs[next]!.accuracy);
    if (bestOfControl === undefined) continue;
    const gapPt = (best - bestOfControl) * 100;
    behind = gapPt > -watchGapPt ? undefined : { sinceStep: behind?.sinceStep ?? step, step, gapPt, ...items > 0 ? intervalOf(best, bestOfControl, items) : { lowPt: -Infinity, highPt: Infinity }, items };
  }
  return behind;
}

/** Of the difference of two shares of as many items each. */
function intervalOf(one: number, other: number, items: number): Pick<Behind, 'lowPt' | 'highPt'> {
  const a = wilson(one, items), b = wilson(other, items), gap = one - other;
  return {
    lowPt: 100 * Math.max(-1, gap - Math.hypot(one - a.low, b.high - other)),
    highPt: 100 * Math.min(1, gap + Math.hypot(a.high - one, other - b.low)),
  };
}

const behindText = ({ gapPt, lowPt, highPt, items, step, sinceStep }: Behind, control: string, score: string): string =>
  `behind the control “${control}” so far: ${(-gapPt).toFixed(1)} points of validation ${score} at step ${step}, since step ${sinceStep}${items === 0 ? '' : ` (95 % interval ${(-highPt).toFixed(0)} to ${(-lowPt).toFixed(0)} points, ${items} photos${highPt < 0 ? '' : ': it may be none'})`}`;

/** What is to be watched while controls train: the first of them that the run is behind. It goes with the control's end, when a verdict can be had. */
export function watchText(run: RunState, controls: readonly { readonly manifest: RunManifest; readonly state: RunState }[]): string | undefined {
  for (const { manifest, state } of controls) {
    const behind = state.endedAt === undefined ? behindControl(run, state) : undefined;
    if (behind) return behindText(behind, controlTitle(manifest.control ?? ''), scoreName(run.data?.task));
  }
  return undefined;
}

function evaluationsOf(series: Series): { readonly step: number; readonly accuracy: number }[] {
  const accuracies = ys(series);
  return Array.from(xs(series), (step, i) => ({ step, accuracy: accuracies[i]! }));
}
