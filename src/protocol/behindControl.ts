/**
 * Is a run behind a control so far: while it trains, an earlier run's; after that its own, while that trains? Only a WATCH,
 * never a claim (evidence/verdict.ts judges at the end, on the test items): it looks at validation accuracy at equal steps,
 * and more than half of the runs that end well are behind at a tenth of their way. Both count with their best so far, as the
 * checkpoints kept would.
 * Its interval is Newcombe's of two shares (1998, Statistics in Medicine 17:873–890, method 10), from their Wilson intervals
 * and as if the two had judged different photos: journals hold accuracies, no pairs, so it is wider than a paired one.
 */
import type { RunState } from './reduceRun.ts';
import type { RunManifest } from './runManifest.ts';
import { controlTitle, photosIn, scoreName } from './wording.ts';
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

/** Undefined when the run is not behind at the latest of its evaluations that the control has reached, so the watch clears itself. */
export function behindControl(run: RunState, control: RunState): Behind | undefined {
  const all = comparedAt(run, control), last = all.at(-1), items = itemsOf(run);
  if (!last || !isBehind(last)) return undefined;
  const { step, best, bestOfControl } = last, { step: sinceStep } = all[all.findLastIndex((each) => !isBehind(each)) + 1]!;
  return { sinceStep, step, gapPt: gapPtOf(last), ...items > 0 ? gapInterval(best, bestOfControl, items) : { lowPt: -Infinity, highPt: Infinity }, items };
}

/** A stretch of accuracies, 0…1, by the run's step. */
export interface WatchBand {
  readonly control: string;
  readonly points: readonly { readonly step: number; readonly low: number; readonly high: number }[];
}

/**
 * Around the best that the control had by each of the run's evaluations: as far as the interval of their difference reaches.
 * Where the run's own best lies below it, the interval leaves 0 out. There while the run is behind, gone with the watch.
 */
export function watchBand(run: RunState, controls: readonly Followed[]): WatchBand | undefined {
  const items = itemsOf(run), watched = items === 0 ? undefined : watchedOf(run, controls);
  return watched && {
    control: watched.control,
    points: comparedAt(run, watched.state).map(({ step, best, bestOfControl }) => {
      const { lowPt, highPt } = gapInterval(best, bestOfControl, items);
      return { step, low: Math.max(0, best - highPt / 100), high: Math.min(1, best - lowPt / 100) };
    }),
  };
}

interface Compared {
  readonly step: number;
  /** Validation accuracy, the best so far. */
  readonly best: number;
  readonly bestOfControl: number;
}

/** The run's evaluations that its control has reached. They need not fall on the same steps: of the control, those up to the run's step count. */
function comparedAt(run: RunState, control: RunState): readonly Compared[] {
  const ours = evaluationsOf(run.validationAccuracy), theirs = evaluationsOf(control.validationAccuracy);
  const reached = theirs.at(-1)?.step ?? -1, compared: Compared[] = [];
  let next = 0, best = 0, bestOfControl: number | undefined;
  for (const { step, accuracy } of ours) {
    if (step > reached) break;
    best = Math.max(best, accuracy);
    for (; next < theirs.length && theirs[next]!.step <= step; next++) bestOfControl = Math.max(bestOfControl ?? 0, theirs[next]!.accuracy);
    if (bestOfControl !== undefined) compared.push({ step, best, bestOfControl });
  }
  return compared;
}

const gapPtOf = ({ best, bestOfControl }: Compared): number => (best - bestOfControl) * 100;
const isBehind = (compared: Compared): boolean => gapPtOf(compared) <= -watchGapPt;

/** Validation photos that accuracies are shares of: R² is none. */
const itemsOf = ({ data }: RunState): number => data === undefined || data.task === 'image-regression' ? 0 : photosIn(data).validation;

/** Of the difference of two shares of as many items each. */
function gapInterval(one: number, other: number, items: number): Pick<Behind, 'lowPt' | 'highPt'> {
  const a = wilson(one, items), b = wilson(other, items), gap = one - other;
  return {
    lowPt: 100 * Math.max(-1, gap - Math.hypot(one - a.low, b.high - other)),
    highPt: 100 * Math.min(1, gap + Math.hypot(a.high - one, other - b.low)),
  };
}

const behindText = ({ control, isEarlier, behind: { gapPt, lowPt, highPt, items, step, sinceStep } }: Watched, score: string): string =>
  `behind the control “${control}”${isEarlier ? ' of an earlier run' : ''} so far: ${(-gapPt).toFixed(1)} points of validation ${score} at step ${step}, since step ${sinceStep}${items === 0 ? '' : ` (95 % interval ${(-highPt).toFixed(0)} to ${(-lowPt).toFixed(0)} points, ${items} photos${highPt < 0 ? '' : ': it may be none'})`}`;

export interface Followed {
  readonly manifest: Pick<RunManifest, 'id' | 'control'>;
  readonly state: RunState;
}

export interface Watched {
  /** Its title. */
  readonly control: string;
  readonly isEarlier: boolean;
  readonly state: RunState;
  readonly behind: Behind;
}

/** What is to be watched: the first of the controls that the run is behind. An own one goes with its end, when a verdict can be had; an earlier run's with the end of training. */
export function watchedOf(run: RunState, controls: readonly Followed[]): Watched | undefined {
  for (const { manifest: { id, control = '' }, state } of controls) {
    const isEarlier = (run.watchedAgainst ?? []).some(({ runId }) => runId === id), behind = isEarlier || state.endedAt === undefined ? behindControl(run, state) : undefined;
    if (behind) return { control: controlTitle(control), isEarlier, state, behind };
  }
  return undefined;
}

/** The watch in one sentence. */
export function watchText(run: RunState, controls: readonly Followed[]): string | undefined {
  const watched = watchedOf(run, controls);
  return watched && behindText(watched, scoreName(run.data?.task));
}

function evaluationsOf(series: Series): { readonly step: number; readonly accuracy: number }[] {
  const accuracies = ys(series);
  return Array.from(xs(series), (step, i) => ({ step, accuracy: accuracies[i]! }));
}
