import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Board } from '../protocol/board.ts';
import type { RunsPlace } from './runFolder.ts';
import { atomicSwap } from './atomicWrite.ts';
import { formatJson } from '../protocol/jsonText.ts';
import { parseBoard } from '../protocol/guards.ts';

/** The board of a folder as it was last measured; undefined when there is none, or none that can be read. Whether its photos are still the same, only a trainer can tell. */
export function readBoard(place: Pick<RunsPlace, 'boards'>, folder: string): Board | undefined {
  try {
    const read = parseBoard(JSON.parse(readFileSync(fileOf(place, folder), 'utf8')));
    return read.ok && read.value.folder === folder ? read.value : undefined;
  } catch {
    return undefined;
  }
}

export function writeBoard(place: Pick<RunsPlace, 'boards'>, board: Board): void {
  mkdirSync(place.boards, { recursive: true });
  atomicSwap(fileOf(place, board.folder), formatJson(board, 2));
}

const fileOf = ({ boards }: Pick<RunsPlace, 'boards'>, folder: string): string =>
  join(boards, `${createHash('sha256').update(folder).digest('hex').slice(0, 16)}.json`);
