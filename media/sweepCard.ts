import type { PageState } from './store.ts';
import type { FromPage } from '../src/protocol/pageMessages.ts';
import type { SweepRow } from '../src/protocol/sweep.ts';
import { gapNote, gapText, lossSpread, scoreSpread } from '../src/protocol/sweepWords.ts';
import { scoreName } from '../src/protocol/wording.ts';
import { bare, h } from './dom.ts';

/** The runs that one file made, side by side: which is best, and which differences are more than luck. */
export function sweepCard({ run: { manifest, state }, sweep }: PageState, send: (message: FromPage) => void): HTMLElement | undefined {
  if (!sweep) return undefined;
  const task = state.data?.task ?? manifest.task, runs = sweep.reduce((sum, row) => sum + row.runs.length, 0), tested = sweep.reduce((sum, row) => sum + row.tested, 0);
  const head = ['', sweep.some((row) => row.name !== '') ? 'variant' : 'seeds', 'runs', 'validation loss', `validation ${scoreName(task)}`, `test ${scoreName(task)}`, ...sweep.some(({ gap }) => gap) ? ['against the best'] : []];
  return h('section', { class: 'card sweep', 'aria-label': 'Variants' },
    h('h2', {}, `Made together: ${runs} runs`, tested < runs && h('span', { class: 'note' }, `${tested} tested so far`)),
    h('div', { class: 'scroll' }, h('table', { class: 'rows' },
      h('thead', {}, h('tr', {}, ...head.map((name) => h('th', { scope: 'col' }, name)))),
      h('tbody', {}, ...sweep.map((row) => h('tr', { class: row.isBest ? 'best' : undefined },
        h('td', { 'aria-label': row.isBest ? 'best on validation' : undefined }, row.isBest && '✓'), h('th', { scope: 'row' }, h('bdi', {}, bare(row.name) || 'all')), h('td', {}, ...links(row, manifest.id, send)),
        h('td', {}, row.validationLoss ? lossSpread(row.validationLoss) : '–'), ...[row.validation, row.test].map((of) => h('td', {}, of ? scoreSpread(of, task) : '–')),
        row.gap && h('td', { class: row.gap.isShown ? row.gap.gapPt < 0 ? 'hurts' : 'helps' : 'dim' }, gapText(row.gap))))))),
    sweep.some(({ gap }) => gap) && h('p', { class: 'note' }, gapNote));
}

/** A link for each run, the one that is shown marked. */
const links = ({ name, runs }: SweepRow, shown: string, send: (message: FromPage) => void): HTMLElement[] => runs.map((runId, i) => h('button', {
  class: 'link', 'aria-label': `Open run ${i + 1} of ${bare(name) || 'all'}`, 'aria-current': runId === shown ? 'true' : undefined, onclick: () => send({ type: 'open-run', runId }),
}, String(i + 1)));
