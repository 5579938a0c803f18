import type { FromPage, PageDiffering, PageItem, PageLabel, PageNumber, PageResults } from '../src/protocol/pageMessages.ts';
import { controlTitle } from '../src/protocol/wording.ts';
import { percent } from '../src/base/units.ts';
import { bare, h, svg } from './dom.ts';

/** The worst mistakes first: pictures that open their file. */
export function mistakesView({ mistakes, mistaken, ...results }: PageResults, send: (message: FromPage) => void): HTMLElement {
  if (mistakes.length === 0) return h('p', { class: 'empty' }, 'No mistakes on the test images.');
  const shown = results.numbers ? 'What it is → what was said, the farthest off first' : mistakes.length < mistaken ? `The worst ${mistakes.length} of ${mistaken}` : undefined;
  return h('div', { class: 'stack' }, shown && h('p', { class: 'note' }, `${shown}.`), h('div', { class: 'mistakes' }, ...mistakes.map((mistake) => photo(mistake, send, canExplain(results)))));
}

/** Grad-CAM is of one class per image. */
const canExplain = ({ labels, numbers }: Pick<PageResults, 'labels' | 'numbers'>): boolean => !labels && !numbers;

/** What the pretraining has mended, and what it has spoilt: test items that only the run, or only its control, got right; of numbers, on which it is nearer. */
export function differingView({ control, fixed, broken, onlyRun, onlyControl }: PageDiffering, results: PageResults, send: (message: FromPage) => void): HTMLElement {
  const name = `“${controlTitle(control)}”`, photos = (items: readonly PageItem[], of: number): string => `${of} test ${of === 1 ? 'photo' : 'photos'}${items.length < of ? ` (${items.length} shown)` : ''}`;
  const group = (title: string, items: readonly PageItem[], none: string): HTMLElement => h('section', { 'aria-label': title },
    h('h3', {}, title), items.length === 0 ? h('p', { class: 'note' }, none) : h('div', { class: 'mistakes' }, ...items.map((item) => photo(item, send, canExplain(results)))));
  const [fixedTitle, brokenTitle] = results.numbers
    ? [`Nearer: ${photos(fixed, onlyRun)} on which the run is nearer, and what the control ${name} said`, `Farther: ${photos(broken, onlyControl)} on which the control ${name} is nearer, and what the run said`]
    : [`Fixed: ${photos(fixed, onlyRun)} that only the run got right, and what the control ${name} called them`, `Broken: ${photos(broken, onlyControl)} that only the control ${name} got right, and what the run called them`];
  return h('div', { class: 'stack' }, group(fixedTitle, fixed, 'None.'), group(brokenTitle, broken, 'None.'));
}

/** A picture that opens its file: what it is, and what it was taken for; `explains`: with where the run sees that. */
function photo({ path, thumbnail, how = '', ...item }: PageItem & { readonly how?: string }, send: (message: FromPage) => void, explains: boolean): HTMLElement {
  const right = bare(item.right), wrong = bare(item.wrong);
  const picture = h('button', {
    class: 'mistake', title: bare(path),
    'aria-label': `${bare(path)}: ${right} taken for ${wrong}${how && `, ${how}`}. Open the file.`,
    onclick: () => send({ type: 'open-file', path }),
  },
  h('img', { src: thumbnail, alt: '', loading: 'lazy', decoding: 'async' }),
  h('span', {}, h('bdi', {}, right), ' → ', h('bdi', { class: 'wrong' }, wrong), h('span', { class: 'dim num' }, how && ` ${how}`)),
  h('span', { class: 'file' }, h('bdi', {}, bare(path.split('/').at(-1) ?? path))));
  return explains ? h('div', { class: 'explained' }, picture, h('button', { class: 'why', title: 'Where the run sees what it says', 'aria-label': `Explain ${bare(path)}`, onclick: () => send({ type: 'explain', path }) }, 'Explain')) : picture;
}

/** What is told how well: a confusion matrix, a table of labels, or predicted over true numbers. */
export function answersView(results: PageResults): HTMLElement {
  if (results.labels) return labelsView(results.labels);
  return results.numbers ? numbersView(results.numbers) : confusionView(results);
}

/** Rows are what an image is, columns what the model said; shade by share of the row. */
function confusionView({ confusion, classes }: PageResults): HTMLElement {
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

function labelsView(labels: readonly PageLabel[]): HTMLElement {
  const shown = (score: number): string => Number.isNaN(score) ? '–' : score.toFixed(3);
  return h('div', { class: 'scroll' }, h('table', { class: 'rows' },
    h('caption', { class: 'note' }, 'Test images, the label that is told worst first. F1 where a probability of half or more says yes.'),
    h('thead', {}, h('tr', {}, ...['label', 'images', 'average precision', 'F1'].map((name) => h('th', { scope: 'col' }, name)))),
    h('tbody', {}, ...labels.map(({ label, items, averagePrecision, f1 }) => h('tr', {},
      h('th', { scope: 'row' }, h('bdi', {}, bare(label))), h('td', {}, String(items)), h('td', {}, shown(averagePrecision)), h('td', {}, shown(f1)))))));
}

/** Two plots: predicted over true with the line on which they are equal, and how far off over true. */
function numbersView(numbers: readonly PageNumber[]): HTMLElement {
  const pairs = numbers.map(({ target, predicted }): At => [target, predicted]), residuals = pairs.map(([x, y]): At => [x, y - x]);
  const all = rangeOf(pairs.flat()), trueRange = rangeOf(pairs.map(([x]) => x)), most = rangeOf(residuals.flatMap(([, y]) => [y, -y]));
  return h('div', { class: 'plots' },
    plot('Predicted over true', ['true', 'predicted'], pairs, all, all, [[all[0], all[0]], [all[1], all[1]]]),
    plot('Predicted − true, over true', ['true', 'too high by'], residuals, trueRange, most, [[trueRange[0], 0], [trueRange[1], 0]]));
}

type Range = readonly [low: number, high: number];
type At = readonly [x: number, y: number];

function rangeOf(values: readonly number[]): Range {
  const low = Math.min(...values), high = Math.max(...values);
  return low === high ? [low - 1, high + 1] : [low, high];
}

const side = 300, left = 56, bottom = 30, inset = 8;

/** `axes`: what goes from left to right, and upwards. The dashed line is where a photo lies that is predicted as it is. */
function plot(title: string, axes: readonly [across: string, up: string], points: readonly At[], xs: Range, ys: Range, [from, to]: readonly [At, At]): HTMLElement {
  const x = (value: number): number => left + inset + (side - left - 2 * inset) * (value - xs[0]) / (xs[1] - xs[0]);
  const y = (value: number): number => side - bottom - inset - (side - bottom - 2 * inset) * (value - ys[0]) / (ys[1] - ys[0]);
  const short = (value: number): string => String(Number(value.toPrecision(3)));
  return h('figure', {}, h('figcaption', { class: 'note' }, title),
    svg('svg', { viewBox: `0 0 ${side} ${side}`, width: side, height: side, role: 'img', 'aria-label': `${title}: ${points.length} test images, ${axes[0]} from ${short(xs[0])} to ${short(xs[1])}, ${axes[1]} from ${short(ys[0])} to ${short(ys[1])}` },
      svg('path', { class: 'axes', d: `M${left} ${inset}V${side - bottom}H${side - inset}` }),
      svg('line', { class: 'equal', x1: x(from[0]), y1: y(from[1]), x2: x(to[0]), y2: y(to[1]) }),
      ...points.map(([px, py]) => svg('circle', { cx: x(px), cy: y(py), r: 3 })),
      ...xs.map((value, i) => svg('text', { x: x(value) + i * inset, y: side - bottom + 14, 'text-anchor': i === 0 ? 'middle' : 'end' }, short(value))),
      ...ys.map((value) => svg('text', { x: left - 6, y: y(value) + 4, 'text-anchor': 'end' }, short(value))),
      svg('text', { x: (left + side) / 2, y: side - bottom + 14, 'text-anchor': 'middle' }, axes[0]),
      svg('text', { transform: `translate(12 ${(side - bottom) / 2}) rotate(-90)`, 'text-anchor': 'middle' }, axes[1])));
}
