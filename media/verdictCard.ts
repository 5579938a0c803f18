import type { PageState } from './store.ts';
import type { ControlKind, Share, Verdict } from '../src/protocol/verdict.ts';
import type { FromPage } from '../src/protocol/pageMessages.ts';
import { runFailures } from '../src/protocol/runFailures.ts';
import { watchText } from '../src/protocol/behindControl.ts';
import { causeTitle, controlTitle, scoreText } from '../src/protocol/wording.ts';
import { stepsText } from '../src/base/units.ts';
import { visible } from '../src/protocol/diagnostic.ts';
import { bare, h, svg } from './dom.ts';

/** Did the transfer help? In words with their numbers, and one row per thing the run is compared with. */
export function verdictCard(state: PageState, send: (message: FromPage) => void): HTMLElement {
  const { verdict, endedAt, tested } = state.run.state;
  if (verdict) {
    return h('section', { class: `card verdict ${verdict.claim}`, 'aria-label': 'Verdict' },
      h('h2', {}, verdict.headline), h('p', {}, verdict.words),
      forest(state), classTable(verdict, state.run.state.data?.classes ?? []), endedAt && tested ? further(state, verdict, send) : undefined);
  }
  return h('section', { class: 'card verdict', 'aria-label': 'Verdict' },
    h('h2', {}, state.run.state.endedAt ? 'Not assessed' : 'Did the transfer help?'),
    h('p', {}, pendingWords(state)), forest(state));
}

/** What can be asked next: another control, more seeds. While one of those is at work, it says so. */
function further({ controls }: PageState, { against, comparisons }: Verdict, send: (message: FromPage) => void): HTMLElement {
  const seeds = comparisons.find(({ control }) => control === against)?.seeds ?? 1, making = controls.find(({ state }) => !state.endedAt);
  return h('div', { class: 'further' },
    h('vscode-button', { appearance: 'secondary', onclick: () => send({ type: 'add-control' }) }, 'Add Control…'),
    seeds < 3 && against && h('vscode-button', { appearance: 'secondary', title: 'Repeats the run and its deciding controls with other seeds, on the same photos', onclick: () => send({ type: 'confirm' }) }, 'Confirm with 3 Seeds'),
    making && h('span', { class: 'note', role: 'status' }, `The control “${controlTitle(making.manifest.control ?? '')}” ${making.state.status === 'queued' ? 'waits its turn' : 'is being made'}.`));
}

/** Why, perhaps, and what one click does about it. */
export function adviceCard({ run: { state: { verdict } } }: PageState, send: (message: FromPage) => void): HTMLElement | undefined {
  if (!verdict?.advice) return undefined;
  return h('section', { class: 'card advice', 'aria-label': 'Advice' },
    h('h2', {}, 'What may be the cause'),
    ...verdict.advice.map(({ cause, strength, words, remedies }, advice) => h('div', {},
      h('h3', {}, causeTitle(cause), h('span', { class: 'note' }, ` ${strength}`)), h('p', {}, words),
      remedies.length > 0 && h('div', { class: 'further' }, ...remedies.map(({ title }, remedy) => h('vscode-button', { appearance: 'secondary', onclick: () => send({ type: 'remedy', advice, remedy }) }, title))))));
}

/** Classes on whose items run and control differ: the worst and the best of them, folded away until asked for. */
function classTable({ classes = [], against, comparisons }: Verdict, names: readonly string[]): HTMLElement | undefined {
  if (classes.length === 0 || names.length < 3) return undefined; // of two classes the whole says it
  const points = (gap: number): string => `${gap > 0 ? '+' : gap < 0 ? '−' : ''}${Math.abs(gap).toFixed(0)}`;
  const { seeds = 1 } = comparisons.find(({ control }) => control === against) ?? {}, luck = seeds < 3 ? ' How each network happened to be trained is in it: three seeds tell whether a class gains or loses by the transfer.' : '';
  return h('details', {},
    h('summary', {}, `By class, against “${controlTitle(against ?? '')}”`),
    h('div', { class: 'scroll' }, h('table', { class: 'rows' },
      h('caption', { class: 'note' }, `Difference in points with its 95 % interval; p is adjusted for the number of classes.${luck}`),
      h('thead', {}, h('tr', {}, ...['class', 'items', 'difference', 'p'].map((name) => h('th', { scope: 'col' }, name)))),
      h('tbody', {}, ...classes.map(({ label, items, gapPt, lowPt, highPt, p }) => h('tr', { class: p >= 0.05 ? undefined : gapPt < 0 ? 'hurts' : 'helps' },
        h('th', { scope: 'row' }, h('bdi', {}, bare(names[label] ?? String(label)))), h('td', {}, String(items)),
        h('td', {}, points(gapPt), h('span', { class: 'dim' }, ` ${points(lowPt)} to ${points(highPt)}`)), h('td', {}, p < 0.001 ? '< .001' : p.toFixed(3).replace(/^0/, ''))))))));
}

/** What says, while the run trains, that it may come to nothing. */
export function failuresCard({ run: { state } }: PageState): HTMLElement | undefined {
  const found = runFailures(state);
  return found.length === 0 ? undefined : h('section', { class: 'card watch', role: 'status' },
    ...found.flatMap(({ message, fix }) => [h('p', {}, h('b', {}, 'Warning'), ` · ${visible(message)}`), fix && h('p', { class: 'note' }, visible(fix))]));
}

/** Behind a control at equal steps: a warning that comes and goes by itself, nothing more than that. */
export function watchCard({ run, controls }: PageState): HTMLElement | undefined {
  const watch = watchText(run.state, controls);
  return watch === undefined ? undefined : h('section', { class: 'card watch', role: 'status' },
    h('b', {}, 'Watch'), ` · ${watch}. More than half of the runs that end well are behind early; this clears itself.`);
}

function pendingWords({ run: { state } }: PageState): string {
  if (state.endedAt) return 'The run ended before its controls could be compared with it.';
  if (state.status === 'judging') return 'The run is trained. Its controls are running now; the verdict follows on the same test images.';
  return 'When the run is trained, the controls of its plan follow: what they get on the same test images says whether the transfer helped.';
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
