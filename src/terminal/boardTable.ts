import type { Board, BoardRow } from '../protocol/board.ts';
import { bytes, percent, shortTime } from '../base/units.ts';
import { boardWords } from '../protocol/boardWords.ts';
import { visible } from '../protocol/diagnostic.ts';
import type { Paint } from './paint.ts';

/** What `thaw rank` prints: the best first, those that cannot be told apart under one place. */
export function boardTable(board: Board, { bold, dim }: Paint): string {
  const head = ['', 'backbone', 'linear probe', 'random weights', 'kNN', 'LogME', 'H-score', 'LEEP', 'took', 'size', 'licence'], rows = board.rows.map(cellsOf);
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]!.length)));
  const line = (cells: readonly string[]): string => cells.map((cell, i) => i <= 1 || i === head.length - 1 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)).join('  ').trimEnd();
  const { scale, ties, limits } = boardWords(board);
  return [scale, '', dim(line(head)), ...rows.map((row, i) => board.rows[i]!.place === 1 ? bold(line(row)) : line(row)), '', ...ties === undefined ? [] : [ties], dim(limits)].join('\n');
}

function cellsOf({ name, place, sharedBy, scores, random, seconds, sizeBytes, licence }: BoardRow): string[] {
  const { value, low, high } = scores.probe;
  return [
    `${place}${sharedBy > 1 ? ' =' : ''}`, visible(name), `${percent(value)} (${percent(low, 0).replace(' %', '')}–${percent(high, 0)})`, percent(random.probe.value), percent(scores.knn.value),
    scores.logMe.toFixed(3), scores.hScore.toFixed(2), scores.leep === undefined ? '–' : scores.leep.toFixed(2), shortTime(1000 * seconds), bytes(sizeBytes), visible(licence),
  ];
}
