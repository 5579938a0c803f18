import type { RunState } from '../src/protocol/reduceRun.ts';
import type { FollowedRun, PageState } from './store.ts';
import type { Series } from '../src/base/series.ts';
import { controlTitle } from '../src/protocol/wording.ts';
import { watchBand } from '../src/protocol/behindControl.ts';
import { decimate, type Point } from './decimate.ts';

/** What the three charts draw: pure, so that it can be tested without a canvas. x is the epoch. */
export interface Curves {
  readonly loss: readonly Curve[];
  readonly accuracy: readonly Curve[];
  readonly rate: readonly Curve[];
  /** Around a control's accuracy, while the run is behind it. */
  readonly watch: Interval | undefined;
  readonly bands: readonly Band[];
  /** The axis ends where the plan does, so that a curve shows how far it has come; early stopping cuts it. */
  readonly lastEpoch: number;
  /** Where the loss axis ends, when a control goes so far beyond the run that it would flatten the run's own curves. */
  readonly mostLoss: number | undefined;
}

export interface Curve {
  readonly name: string;
  readonly kind: 'training' | 'run' | 'random-features' | 'scratch' | 'best';
  readonly points: readonly Point[];
}

export interface Interval {
  readonly control: string;
  readonly points: readonly { readonly x: number; readonly low: number; readonly high: number }[];
}

export interface Band {
  readonly label: string;
  readonly from: number;
  readonly to: number;
}

const bucketCount = 800;

export function curvesOf({ run, controls }: PageState): Curves {
  const { state } = run;
  const perEpoch = state.planned?.stepsPerEpoch ?? 1;
  const curve = (name: string, kind: Curve['kind'], series: Series, scale = 1 / perEpoch): Curve => ({ name, kind, points: decimate(series, bucketCount, scale) });
  const ofControls = (pick: (control: RunState) => Series): Curve[] => controls.filter(hasCurve).map(({ manifest, state: control }) =>
    curve(controlTitle(manifest.control ?? ''), manifest.control === 'scratch' ? 'scratch' : 'random-features', pick(control), 1 / (control.planned?.stepsPerEpoch ?? perEpoch)));
  const { best } = state, watch = watchBand(state, controls);
  const bestPoint = (y: number | undefined): Curve[] => best && y !== undefined ? [{ name: 'kept', kind: 'best', points: [{ x: best.step / perEpoch, y }] }] : [];
  const loss = [curve('training', 'training', state.loss), ...ofControls((control) => control.validationLoss), curve('validation', 'run', state.validationLoss), ...bestPoint(best?.loss)];
  return {
    loss,
    mostLoss: ceilingOf(loss),
    accuracy: [...ofControls((control) => control.validationAccuracy), curve('validation', 'run', state.validationAccuracy), ...bestPoint(best?.accuracy)],
    rate: [curve('rate', 'run', state.rate)],
    watch: watch && { control: watch.control, points: watch.points.map(({ step, low, high }) => ({ x: step / perEpoch, low, high })) },
    bands: bandsOf(state, perEpoch),
    lastEpoch: lastEpochOf(state, controls, perEpoch),
  };
}

const isControl = ({ kind }: Curve): boolean => kind === 'scratch' || kind === 'random-features';

/** A network from scratch may diverge: its curve then leaves the chart at twice the height of the run's. */
function ceilingOf(curves: readonly Curve[]): number | undefined {
  const highest = (of: readonly Curve[]): number => Math.max(0, ...of.flatMap(({ points }) => points.map(({ y }) => y).filter(Number.isFinite)));
  const own = 2 * highest(curves.filter((curve) => !isControl(curve)));
  return own > 0 && highest(curves.filter(isControl)) > own ? own : undefined;
}

const hasCurve = ({ state }: FollowedRun): boolean => state.validationLoss.length > 0;

function bandsOf(state: RunState, perEpoch: number): Band[] {
  const planned = state.planned?.stages ?? [];
  const begun = state.stages.length > 0 ? state.stages : planned.map(({ fromStep }, stage) => ({ stage, step: fromStep }));
  const end = isOver(state) ? state.step : Math.max(state.step, state.planned?.totalSteps ?? 0);
  return begun.map(({ stage, step }, i) => ({
    label: planned[stage]?.name ?? `stage ${stage + 1}`,
    from: step / perEpoch,
    to: (begun[i + 1]?.step ?? end) / perEpoch,
  }));
}

function lastEpochOf(state: RunState, controls: readonly FollowedRun[], perEpoch: number): number {
  const total = (isOver(state) ? undefined : state.planned?.totalSteps) ?? state.step;
  const ofControls = isOver(state) ? controls.map(({ state: control }) => control.step) : [];
  return Math.max(1, ...[total, ...ofControls].map((step) => step / perEpoch));
}

/** Trained to its end: the axis need not leave room for what early stopping saved. */
const isOver = (state: RunState): boolean => state.tested !== undefined || state.endedAt !== undefined;
