import type { RunManifest } from '../protocol/runManifest.ts';
import { intervalText, scoreText } from '../protocol/wording.ts';
import { gapNote, gapText, lossSpread, rowName, scoreSpread } from '../protocol/sweepWords.ts';
import type { SweepRow } from '../protocol/sweep.ts';
import { visible } from '../protocol/diagnostic.ts';
import type { Paint } from './paint.ts';

/** The runs that one file made, side by side, in the order in which they ran; the best on validation is marked, for choosing by the test would spoil it (evidence/sweep.ts). */
export function sweepTable(runs: readonly RunManifest[], { bold, dim, red }: Paint): string {
  const losses = runs.map(({ best, task }) => best ? task === 'image-regression' ? -best.validationAccuracy : best.validationLoss : Infinity), least = Math.min(...losses);
  const rows = runs.map(({ sweep, title, task, best, test, status, claim, problem }, i) => {
    const isBest = losses[i] === least && Number.isFinite(least);
    return [
      `${isBest ? '✓' : ' '} ${visible(sweep?.name ?? title)}`,
      best ? best.validationLoss.toFixed(4) : '–',
      best ? scoreText(best.validationAccuracy, task) : '–',
      test ? `${scoreText(test.value, task)}  ${dim(intervalText(test, task))}` : '–',
      problem ? red(visible(problem.message)) : claim ?? status,
    ];
  });
  return aligned([['  run', 'validation loss', 'validation', 'test', ''], ...rows], { bold, dim });
}

/** The variants of those runs, seeds put together, each beside the best; undefined where there is nothing to put together. */
export function variantTable(rows: readonly SweepRow[], task: RunManifest['task'], { bold, dim }: Paint): string | undefined {
  if (rows.every(({ runs }) => runs.length < 2) && rows.every(({ gap }) => !gap)) return undefined;
  const lines = rows.map((row) => {
    const { validationLoss, validation, test, isBest, gap } = row;
    return [`${isBest ? '✓' : ' '} ${visible(rowName(row))}`, validationLoss ? lossSpread(validationLoss) : '–', validation ? scoreSpread(validation, task) : '–', test ? scoreSpread(test, task) : '–', gap ? gapText(gap) : ''];
  });
  const hasGaps = rows.some(({ gap }) => gap);
  return `${aligned([['  variant', 'validation loss', 'validation', 'test', hasGaps ? 'against the best' : ''], ...lines], { bold, dim })}${hasGaps ? `\n${dim(gapNote)}` : ''}`;
}

function aligned(table: readonly (readonly string[])[], { bold, dim }: Pick<Paint, 'bold' | 'dim'>): string {
  const widths = [0, 1, 2, 3].map((column) => Math.max(...table.map((row) => bare(row[column]!).length)));
  return table.map((row, i) => {
    const line = row.map((cell, column) => cell + ' '.repeat(Math.max(0, (widths[column] ?? 0) - bare(cell).length))).join('  ').trimEnd();
    return i === 0 ? dim(line) : line.trimStart().startsWith('✓') ? bold(line) : line;
  }).join('\n');
}

const bare = (text: string): string => text.replace(/\u001b\[\d+m/g, '');
