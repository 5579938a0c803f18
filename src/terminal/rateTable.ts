import type { RateTest } from '../protocol/answers.ts';
import { readingOf, rateText, suggestionsOf } from '../protocol/rateWords.ts';
import { visible } from '../protocol/diagnostic.ts';
import type { Paint } from './paint.ts';

const plotRows = 12, labelWidth = 8;

/** What `thaw lr` prints: the smoothed loss over the rate, and what to make of it. */
export function rateTable(test: RateTest, columns: number, { bold, dim, green }: Paint): string {
  const { stage, images, batch, engine, rates } = test;
  const marks = suggestionsOf(test).map(({ name, rate, what }) => `  ${name === 'valley' ? green(bold(name.padEnd(10))) : bold(name.padEnd(10))} ${rateText(rate).padEnd(8)} ${dim(what)}`);
  return [
    `${bold(`stage ${visible(stage.name)}`)}: ${rates.length} rates from ${rateText(rates[0]!)} to ${rateText(rates.at(-1)!)}, batches of ${batch} from ${images} photos, on ${engine}`, '',
    ...plotOf(test, Math.max(30, Math.min(100, columns) - labelWidth - 2)).map((line) => dim(line)), '',
    ...marks, ...(marks.length > 0 ? [`  ${'today'.padEnd(10)} ${rateText(test.rate)}`, ''] : []), readingOf(test),
  ].join('\n');
}

/** A dot for each rate, its letter where a suggestion is, a decade at each tick. */
function plotOf(test: RateTest, width: number): string[] {
  const { smoothed: losses, rates } = test;
  const lowest = Math.min(...losses), highest = Math.min(Math.max(...losses), 1.5 * Math.max(test.startLoss, losses[0]!)); // what falls apart leaves at the top
  const first = Math.log10(rates[0]!), span = Math.log10(rates.at(-1)!) - first || 1;
  const columnOf = (rate: number): number => Math.round((Math.log10(rate) - first) / span * (width - 1));
  const grid = Array.from({ length: plotRows }, () => new Array<string>(width).fill(' '));
  losses.forEach((loss, i) => {
    const row = Math.round((highest - Math.min(loss, highest)) / (highest - lowest || 1) * (plotRows - 1));
    grid[row]![columnOf(rates[i]!)] = '·';
  });
  for (const { name, rate } of suggestionsOf(test)) {
    const column = columnOf(rate), row = grid.findIndex((cells) => cells[column] === '·');
    if (row >= 0) grid[row]![column] = name[0]!.toUpperCase();
  }
  const ticks = Array.from({ length: Math.floor(span + 1e-9) + 1 }, (_, i) => Math.ceil(first - 1e-9) + i);
  const axis = new Array<string>(width).fill('─'), labels = new Array<string>(width + 4).fill(' ');
  for (const tick of ticks) {
    const column = Math.round((tick - first) / span * (width - 1));
    if (column < 0 || column >= width) continue;
    axis[column] = '┴';
    const label = `1e${tick}`;
    for (let i = 0; i < label.length; i++) labels[column + i] = label[i]!;
  }
  const label = (row: number): string => row === 0 ? highest.toFixed(2) : row === plotRows - 1 ? lowest.toFixed(2) : '';
  return [
    ...grid.map((cells, row) => `${label(row).padStart(labelWidth - 2)} │${cells.join('').trimEnd()}`),
    `${' '.repeat(labelWidth - 1)}└${axis.join('')}`, `${' '.repeat(labelWidth)}${labels.join('').trimEnd()}  rate`,
  ];
}
