import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { isFolder } from '../backbones/backboneName.ts';
import { isManifestName } from '../experiment/manifestName.ts';
import { parseBoard, parseRankProgress } from '../protocol/guards.ts';
import { formatJson } from '../protocol/jsonText.ts';
import type { Options } from '../terminal/arguments.ts';
import { boardTable } from '../terminal/boardTable.ts';
import { rankLine } from '../terminal/rankLine.ts';
import { exitCodes } from '../trainer/child/exit.ts';
import { experimentAt } from './experimentAt.ts';
import { ink, print, warn, wrongUsage } from './output.ts';
import { homeOf, hostOf } from './places.ts';
import { answered, valueOf } from './problems.ts';
import { telling, withLiveLine } from './withLiveLine.ts';

/** Dozens of large backbones, on one core. */
const rankTimeoutMs = 3_600_000;

/** Which backbone knows most of the classes of a folder, or of what a manifest or an experiment names, before anything is trained. What was measured before is not measured again. */
export async function rank([target, ...more]: readonly string[], options: Options): Promise<number> {
  if (target === undefined || more.length > 0) return wrongUsage('thaw rank <folder | manifest | file.thaw.yaml>');
  const folder = await photosAt(resolve(target), options), host = hostOf(homeOf(folder, options));
  const names = (options.backbone ?? []).map((name) => isFolder(name) ? resolve(name) : name);
  const tell = (say: (line: string) => void) => telling(options, say, rankLine);
  const done = await withLiveLine(options, (say, signal) => host.rank(folder, names, {
    signal, timeoutMs: rankTimeoutMs,
    onProgress: (value) => {
      const progress = parseRankProgress(value);
      if (progress.ok) tell(say)(progress.value);
    },
  }));
  if (!done) return exitCodes.stopped;
  const board = answered(parseBoard(valueOf(done)));
  if (options.json) return print(formatJson(board), board.rows.length > 0 ? 0 : 1);
  board.failed.forEach(({ problem }) => warn(problem));
  if (board.rows.length === 0) return 1;
  return print(boardTable(board, ink));
}

/** A folder or a manifest as it is; of an experiment, the one that it names. */
async function photosAt(target: string, options: Options): Promise<string> {
  if (!existsSync(target) || statSync(target).isDirectory() || isManifestName(target)) return target;
  const { plan: { data } } = valueOf(await experimentAt(target, options));
  return data.manifest ?? data.folder;
}
