import type { PageState } from './store.ts';
import type { FromPage } from '../src/protocol/pageMessages.ts';
import type { RunState } from '../src/protocol/reduceRun.ts';
import { activityText, controlTitle, intervalText, metricsText, scoreSentence, speedText } from '../src/protocol/wording.ts';
import { whyNotResumable } from '../src/protocol/resumable.ts';
import { clockTime, threadsText } from '../src/base/units.ts';
import { h, setText } from './dom.ts';

/** Title, one sentence of status, one line of progress, the engine and why, and the two or three things one can do. */
export function header(send: (message: FromPage) => void): { readonly node: HTMLElement; update(state: PageState): void } {
  const title = h('h1'), status = h('div', { class: 'status', role: 'status' }), engine = h('div', { class: 'engine' });
  const stop = h('vscode-button', { onclick: () => send({ type: 'stop' }) }, 'Stop');
  const again = h('vscode-button', { appearance: 'secondary', onclick: () => send({ type: 'run-again' }) }, 'Run Again');
  const resume = h('vscode-button', { title: 'Goes on from the last checkpoint', onclick: () => send({ type: 'resume' }) }, 'Resume');
  const experiment = h('vscode-button', { appearance: 'secondary', onclick: () => send({ type: 'open-experiment' }) }, 'Experiment');
  const plan = h('vscode-button', { appearance: 'secondary', title: 'Every value, and where it came from', onclick: () => send({ type: 'open-plan' }) }, 'Resolved Plan');
  const fill = h('div'), bar = h('div', { class: 'bar', role: 'progressbar', 'aria-label': 'Progress of the run', 'aria-valuemin': 0, 'aria-valuemax': 100 }, fill);
  const node = h('header', {}, title, status, h('div', { class: 'buttons' }, experiment, plan, again, resume, stop));
  return {
    node: h('div', { class: 'stack' }, node, bar, engine),
    update: (state) => {
      const { run } = state;
      setText(title, run.manifest.title);
      setText(status, statusSentence(state));
      setText(engine, engineLine(run.state));
      const live = !run.state.endedAt;
      stop.hidden = !live;
      again.hidden = live;
      resume.hidden = live || whyNotResumable({ ...run.manifest, status: run.state.status }) !== undefined;
      const share = live ? progressShare(state) : 0;
      bar.className = `bar${live ? '' : ' idle'}`;
      bar.setAttribute('aria-valuenow', String(Math.round(share * 100)));
      fill.style.transform = `scaleX(${share})`;
    },
  };
}

/** "Training · stage 2 of 2 “thaw” · epoch 8 of 10 · 0:24 left · 38 images/s". */
export function statusSentence({ run: { state }, controls }: PageState): string {
  const parts: (string | undefined)[] = [];
  switch (state.status) {
    case 'queued': parts.push('Waiting for another run to end'); break;
    case 'preparing': parts.push(state.progress ? activityText(state.progress) : 'Starting'); break;
    case 'training': parts.push('Training', ...trainingParts(state)); break;
    case 'judging': {
      const control = controls.find((each) => !each.state.endedAt);
      parts.push(state.tested && `Trained: ${scoreSentence(state.tested.accuracy, state.data?.task)}`, control ? `now the control “${controlTitle(control.manifest.control ?? '')}”` : 'now its controls');
      if (control) parts.push(control.state.progress ? activityText(control.state.progress) : control.state.step > 0 ? `step ${control.state.step}` : undefined, left(control.state.etaMs));
      return parts.filter(Boolean).join(' · ');
    }
    case 'finished': parts.push('Finished', state.tested && `${scoreSentence(state.tested.accuracy, state.data?.task)} (${intervalText(state.tested.accuracy, state.data?.task, 0)})`, state.tested?.metrics && metricsText(state.tested.metrics)); break;
    case 'stopped': parts.push('Stopped', state.step > 0 ? `after ${state.step} steps` : undefined, state.tested && scoreSentence(state.tested.accuracy, state.data?.task)); break;
    case 'failed': parts.push('Failed'); break;
    case 'killed': parts.push('Killed'); break;
    case 'crashed': parts.push('Crashed'); break;
  }
  parts.push(left(state.etaMs), state.perSecond ? speedText(state.perSecond, state.progress?.activity) : undefined);
  return parts.filter(Boolean).join(' · ');
}

const left = (etaMs: number | undefined): string | undefined => etaMs === undefined ? undefined : `${clockTime(etaMs)} left`;

function trainingParts(state: RunState): (string | undefined)[] {
  const { planned, stages } = state;
  const stage = stages.at(-1)?.stage ?? 0;
  const of = planned?.stages[stage];
  const many = (planned?.stages.length ?? 1) > 1;
  const start = stages.at(-1)?.step ?? 0;
  const epoch = planned ? Math.min(of?.epochs ?? Infinity, Math.ceil(Math.max(1, state.step - start) / (of?.stepsPerEpoch ?? planned.stepsPerEpoch))) : undefined;
  return [many && of ? `stage ${stage + 1} of ${planned.stages.length} “${of.name}”` : undefined, epoch !== undefined ? `epoch ${epoch} of ${of?.epochs ?? '?'}` : undefined];
}

function engineLine({ engine }: RunState): string {
  if (!engine) return '';
  return [`${engine.title} on ${engine.device.toUpperCase()}, ${threadsText(engine.threads)}: ${engine.why}`, engine.prefix && `frozen layers on ${engine.prefix}`, engine.advice].filter(Boolean).join(' · ');
}

function progressShare({ run: { state }, controls }: PageState): number {
  const shareOf = (each: RunState): number => each.progress?.total ? each.progress.done / each.progress.total : each.planned ? each.step / each.planned.totalSteps : 0;
  const running = state.status === 'judging' ? controls.find((each) => !each.state.endedAt)?.state : state;
  return running ? Math.min(1, shareOf(running)) : 1;
}
