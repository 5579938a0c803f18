import type { RunState } from '../protocol/reduceRun.ts';
import type { DataFacts } from '../protocol/runEvent.ts';
import { activityText, controlTitle, scoreText, speedText } from '../protocol/wording.ts';
import { behindControl, watchedOf, type Followed } from '../protocol/behindControl.ts';
import { clockTime } from '../base/units.ts';
import { lastY } from '../base/series.ts';
import { visible } from '../protocol/diagnostic.ts';
import type { Paint } from './paint.ts';

/** What goes on now, in one line: `▸ probe 1/2 · epoch 8/30 · loss 0.612 · validation 72.2 % · 5,310 images/s · 0:03 left`. `earlier`: controls of earlier runs that it is watched against. */
export function liveLine(run: RunState, control: { readonly kind: string; readonly state: RunState } | undefined, { dim, yellow }: Paint, earlier: readonly Followed[] = []): string {
  if (run.status === 'judging' && control) {
    const behind = behindControl(run, control.state);
    return [
      `${dim('control')} ${controlTitle(control.kind)}`, ...partsOf(control.state, run.data?.task),
      behind && yellow(`watch: the run is ${(-behind.gapPt).toFixed(1)} points behind it at step ${behind.step}, so far`),
    ].filter(Boolean).join(dim(' · '));
  }
  const watched = watchedOf(run, earlier);
  return [
    ...partsOf(run, run.data?.task),
    watched && yellow(`watch: ${(-watched.behind.gapPt).toFixed(1)} points behind “${watched.control}” of an earlier run at step ${watched.behind.step}, so far`),
  ].filter(Boolean).join(dim(' · '));
}

function partsOf(state: RunState, task: DataFacts['task']): string[] {
  const { planned, stages, progress, etaMs, perSecond } = state;
  const parts: (string | undefined)[] = [];
  if (progress) parts.push(activityText(progress));
  else if (state.status === 'training') {
    const stage = stages.at(-1)?.stage ?? 0, facts = planned?.stages[stage];
    const since = state.step - (stages.at(-1)?.step ?? 0);
    const epoch = planned ? Math.min(facts?.epochs ?? Infinity, Math.ceil(Math.max(1, since) / (facts?.stepsPerEpoch ?? planned.stepsPerEpoch))) : 0;
    const loss = lastY(state.loss), accuracy = lastY(state.validationAccuracy);
    parts.push(
      planned && planned.stages.length > 1 ? `stage ${stage + 1}/${planned.stages.length} ${visible(facts?.name ?? '')}` : facts && visible(facts.name),
      facts && `epoch ${epoch}/${facts.epochs}`,
      loss !== undefined ? `loss ${loss.toFixed(3)}` : undefined,
      accuracy !== undefined ? `validation ${scoreText(accuracy, task)}` : undefined,
    );
  } else parts.push(state.status === 'queued' ? 'waiting for another run to end' : state.status);
  parts.push(perSecond !== undefined && perSecond > 0 ? speedText(perSecond, progress?.activity) : undefined, etaMs !== undefined ? `${clockTime(etaMs)} left` : undefined);
  return parts.filter((part): part is string => part !== undefined && part !== '');
}
