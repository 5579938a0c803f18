import type { Options } from '../terminal/arguments.ts';
import { print, wrongUsage } from './output.ts';
import { hostHere } from './places.ts';
import { valueOf } from './problems.ts';

export async function stop([id]: readonly string[], options: Options): Promise<number> {
  if (id === undefined) return wrongUsage('thaw stop <run>');
  return print(valueOf(await hostHere(options).stopRun(id)));
}
