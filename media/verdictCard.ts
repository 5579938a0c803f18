import type { PageState } from './store.ts';
import type { ControlKind, Share } from '../src/protocol/verdict.ts';
import { behindControl } from '../src/protocol/behindControl.ts';
import { controlTitle, scoreName, scoreText } from '../src/protocol/wording.ts';
import { stepsText } from '../src/base/units.ts';
import { h, svg } from './dom.ts';

/** Did the transfer help? In words with their numbers, and one row per thing the run is compared with. */
export function verdictCard(state: PageState): HTMLElement {
  const { verdict } = state.run.state;
  if (verdict) {
    return h('section', { class: `card verdict ${verdict.claim}`, 'aria-label': 'Verdict' },
      h('h2', {}, verdict.headline), h('p', {}, verdict.words),
      forest(state));
  }
  return h('section', { class: 'card verdict', 'aria-label': 'Verdict' },
    h('h2', {}, state.run.state.endedAt ? 'Not assessed' : 'Did the transfer help?'),
    h('p', {}, pendingWords(state)), forest(state));
}

/** Behind a control at equal steps: a warning that comes and goes by itself, nothing more than that. */
export function watchCard(state: PageState): HTMLElement | undefined {
  const found = state.controls.flatMap((control) => {
    const behind = behindControl(state.run.state, control.state);
    return behind && !control.state.endedAt ? [{ name: controlTitle(control.manifest.control ?? ''), ...behind }] : [];
  })[0];
  return found && h('section', { class: 'card watch', role: 'status' },
    h('b', {}, 'Watch'), ` · behind the control “${found.name}” so far: ${(-found.gapPt).toFixed(1)} points of validation ${scoreName(state.run.state.data?.task)} at step ${found.step}, since step ${found.sinceStep}. More than half of the runs that end well are behind early; this clears itself.`);
}

function pendingWords({ run: { state } }: PageState): string {
  if (state.endedAt) return 'The run ended before its controls could be compared with it.';
  if (state.status === 'judging') return 'The run is trained. Its controls are running now; the verdict follows on the same test images.';
  return 'When the run is trained, the same plan is trained from random weights and both are judged on the same test images.';
}

interface ForestRow {
  readonly name: string;
  readonly share: Share;
  readonly run?: boolean;
}

function forest({ run: { state } }: PageState): HTMLElement | undefined {
  const rows: ForestRow[] = [
    ...(state.tested ? [{ name: 'this run', share: state.tested.accuracy, run: true }] : []),
    ...state.controls.flatMap(({ control, accuracy, matchedSteps }) => accuracy ? [{ name: rowName(control, matchedSteps), share: accuracy }] : []),
  ].sort((a, b) => b.share.value - a.share.value);
  if (rows.length === 0) return undefined;
  const textOf = (share: Share): string => scoreText(share.value, state.data?.task);
  return h('div', { class: 'forest', role: 'img', 'aria-label': rows.map(({ name, share }) => `${name} ${textOf(share)}`).join(', ') },
    ...rows.flatMap(({ name, share, run }) => [
      h('span', run ? {} : { class: 'dim' }, name), dot(share, run === true),
      h('span', { class: 'num value' }, textOf(share)),
    ]));
}

const rowName = (control: ControlKind, matchedSteps: number | undefined): string => `${controlTitle(control)}${matchedSteps !== undefined ? `, ${stepsText(matchedSteps)}` : ''}`;

function dot({ value, low, high }: Share, run: boolean): SVGElement {
  const at = (share: number): string => `${(2 + 96 * Math.min(1, Math.max(0, share))).toFixed(2)}%`;
  return svg('svg', { class: run ? 'run' : undefined, 'aria-hidden': 'true' },
    svg('line', { x1: at(0), x2: at(1), y1: 7, y2: 7 }),
    svg('line', { class: 'interval', x1: at(low), x2: at(high), y1: 7, y2: 7 }),
    svg('circle', { cx: at(value), cy: 7, r: 4 }));
}
