import { formatJson } from '../protocol/jsonText.ts';
import type { Options } from '../terminal/arguments.ts';
import { runLine } from '../terminal/runLine.ts';
import { ink, print, warn } from './output.ts';
import { hostHere } from './places.ts';

export function runs(_: readonly string[], options: Options): Promise<number> {
  const { runs: found, problems } = hostHere(options).findRuns();
  problems.forEach((problem) => warn(problem));
  if (options.json) return Promise.resolve(print(formatJson(found.map(({ manifest }) => manifest))));
  if (found.length === 0) return Promise.resolve(print('no runs here yet: `thaw run <folder>` starts one'));
  return Promise.resolve(print(found.map(({ manifest }) => runLine(manifest, ink)).join('\n')));
}
