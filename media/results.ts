import type { FromPage, PageResults } from '../src/protocol/pageMessages.ts';
import { percent } from '../src/base/units.ts';
import { bare, h } from './dom.ts';

/** The worst mistakes, most confident first: pictures that open their file. */
export function mistakesView({ mistakes, classes }: PageResults, send: (message: FromPage) => void): HTMLElement {
  if (mistakes.length === 0) return h('p', { class: 'empty' }, 'No mistakes on the test images.');
  return h('div', { class: 'mistakes' }, ...mistakes.map((mistake) => {
    const right = bare(classes[mistake.label] ?? '?'), wrong = bare(classes[mistake.predicted] ?? '?');
    return h('button', {
      class: 'mistake', title: bare(mistake.path),
      'aria-label': `${bare(mistake.path)}: ${right} taken for ${wrong}, ${percent(mistake.probability, 0)} sure. Open the file.`,
      onclick: () => send({ type: 'open-file', path: mistake.path }),
    },
    h('img', { src: mistake.thumbnail, alt: '', loading: 'lazy', decoding: 'async' }),
    h('span', {}, h('bdi', {}, right), ' → ', h('bdi', { class: 'wrong' }, wrong), h('span', { class: 'dim num' }, ` ${percent(mistake.probability, 0)}`)),
    h('span', { class: 'file' }, h('bdi', {}, bare(mistake.path.split('/').at(-1) ?? mistake.path))));
  }));
}

/** Rows are what an image is, columns what the model said; shade by share of the row. */
export function confusionView({ confusion, classes }: PageResults): HTMLElement {
  const names = classes.map(bare);
  const cell = (count: number, row: number, column: number, total: number): HTMLElement => {
    const td = h('td', { class: count === 0 ? 'none' : row === column ? 'right' : 'wrong', title: `${names[row]!} → ${names[column]!}: ${count} of ${total}` }, String(count));
    td.style.setProperty('--share', String(total > 0 ? count / total : 0));
    return td;
  };
  return h('div', { class: 'scroll' }, h('table', { class: 'confusion' },
    h('caption', { class: 'note' }, 'Test images. Rows: what they are. Columns: what the model says.'),
    h('thead', {}, h('tr', {}, h('th'), ...names.map((name) => h('th', { scope: 'col' }, h('bdi', {}, name))), h('th', { scope: 'col' }, 'right'))),
    h('tbody', {}, ...confusion.map((row, i) => {
      const total = row.reduce((a, b) => a + b, 0);
      return h('tr', {}, h('th', { scope: 'row', title: names[i] }, h('bdi', {}, names[i])), ...row.map((count, j) => cell(count, i, j, total)),
        h('td', { class: 'recall' }, total > 0 ? percent(row[i]! / total, 0) : '–'));
    }))));
}
