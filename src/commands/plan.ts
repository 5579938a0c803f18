import { resolve } from 'node:path';
import { formatResolved } from '../experiment/format.ts';
import { formatJson } from '../protocol/jsonText.ts';
import type { Options } from '../terminal/arguments.ts';
import { experimentAt } from './experimentAt.ts';
import { print, wrongUsage } from './output.ts';
import { valueOf } from './problems.ts';

/** Every value that a run of the file would have, and where it came from. */
export async function plan([file]: readonly string[], options: Options): Promise<number> {
  if (file === undefined) return wrongUsage('thaw plan <file.thaw.yaml>');
  const { plan: resolved, origins } = valueOf(await experimentAt(resolve(file), options));
  return print(options.json ? formatJson({ plan: resolved, origins }) : formatResolved(resolved, origins));
}
