import type { FromPage, PageDiffering, PageItem, PageResults } from '../src/protocol/pageMessages.ts';
import { controlTitle } from '../src/protocol/wording.ts';
import { percent } from '../src/base/units.ts';
import { bare, h } from './dom.ts';

/** The worst mistakes, most confident first: pictures that open their file. */
export function mistakesView({ mistakes, classes }: PageResults, send: (message: FromPage) => void): HTMLElement {
  if (mistakes.length === 0) return h('p', { class: 'empty' }, 'No mistakes on the test images.');
  return h('div', { class: 'mistakes' }, ...mistakes.map(({ predicted, probability, ...item }) => photo({ ...item, called: predicted }, classes, send, percent(probability, 0))));
}

/** What the pretraining has mended, and what it has spoilt: test items that only the run, or only its control, got right. */
export function differingView({ classes }: PageResults, { control, fixed, broken, onlyRun, onlyControl }: PageDiffering, send: (message: FromPage) => void): HTMLElement {
  const name = `“${controlTitle(control)}”`, photos = (items: readonly PageItem[], of: number): string => `${of} test ${of === 1 ? 'photo' : 'photos'}${items.length < of ? ` (${items.length} shown)` : ''}`;
  const group = (title: string, items: readonly PageItem[], none: string): HTMLElement => h('section', { 'aria-label': title },
    h('h3', {}, title), items.length === 0 ? h('p', { class: 'note' }, none) : h('div', { class: 'mistakes' }, ...items.map((item) => photo(item, classes, send))));
  return h('div', { class: 'stack' },
    group(`Fixed: ${photos(fixed, onlyRun)} that only the run got right, and what the control ${name} called them`, fixed, 'None.'),
    group(`Broken: ${photos(broken, onlyControl)} that only the control ${name} got right, and what the run called them`, broken, 'None.'));
}

/** A picture that opens its file: what it is, and what it was taken for. */
function photo({ path, thumbnail, label, called }: PageItem, classes: readonly string[], send: (message: FromPage) => void, sure = ''): HTMLElement {
  const right = bare(classes[label] ?? '?'), wrong = bare(classes[called] ?? '?');
  return h('button', {
    class: 'mistake', title: bare(path),
    'aria-label': `${bare(path)}: ${right} taken for ${wrong}${sure && `, ${sure} sure`}. Open the file.`,
    onclick: () => send({ type: 'open-file', path }),
  },
  h('img', { src: thumbnail, alt: '', loading: 'lazy', decoding: 'async' }),
  h('span', {}, h('bdi', {}, right), ' → ', h('bdi', { class: 'wrong' }, wrong), h('span', { class: 'dim num' }, sure && ` ${sure}`)),
  h('span', { class: 'file' }, h('bdi', {}, bare(path.split('/').at(-1) ?? path))));
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
