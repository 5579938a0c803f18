import { clockTime } from '../base/units.ts';
import type { RunState } from '../protocol/reduceRun.ts';
import { activityText, controlTitle, scoreText } from '../protocol/wording.ts';
import { watchedOf } from '../protocol/behindControl.ts';
import { isLive, statusLook } from './runLook.ts';
import type { ModelRun } from './runModel.ts';

/** What a live run does now: "epoch 8 of 10 · 94.1 % · 0:24"; once it is tested, what its control does. And whether the run is behind one. */
export function liveText({ state }: ModelRun, controls: readonly ModelRun[]): string {
  const control = controls.find((each) => isLive(each.state.status));
  const score = state.tested?.accuracy.value ?? state.best?.accuracy, etaMs = (control?.state ?? state).etaMs;
  const title = control?.manifest.control && controlTitle(control.manifest.control), watched = watchedOf(state, controls);
  return [
    title === undefined ? doingText(state) : watched ? undefined : `control ${title}`,
    watched && `behind “${watched.control}” so far`,
    score === undefined ? undefined : scoreText(score, state.data?.task),
    etaMs === undefined ? undefined : clockTime(etaMs),
  ].filter((part) => part !== undefined).join(' · ');
}

function doingText(state: RunState): string {
  if (state.progress) return activityText(state.progress).toLowerCase();
  const epochs = state.planned?.stages.reduce((sum, stage) => sum + stage.epochs, 0);
  if (state.status !== 'training' || epochs === undefined) return statusLook[state.status].words;
  return `epoch ${Math.max(1, Math.ceil(state.epoch))} of ${epochs}`; // the state counts completed passes, with their fraction
}
