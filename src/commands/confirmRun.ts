import { join } from 'node:path';
import { readManifest } from '../runs/manifest.ts';
import { runFolder } from '../runs/runFolder.ts';
import type { Options } from '../terminal/arguments.ts';
import { print, wrongUsage } from './output.ts';
import { runNamed } from './places.ts';
import { printCard } from './printCard.ts';
import { valueOf } from './problems.ts';
import { codeOf, watched } from './watched.ts';

/** Repeats a run with other seeds until three can be judged together. */
export async function confirmRun([name]: readonly string[], options: Options): Promise<number> {
  if (name === undefined) return wrongUsage('thaw confirm <run>');
  const { host, folder } = runNamed(name, options), asked = runFolder(folder), ids = valueOf(await host.confirm(asked.id));
  if (options.detach) return print(ids.join('\n'));
  for (const id of ids) {
    const { outcome } = await watched(host, id, options);
    if (outcome !== 'finished') return codeOf(valueOf(host.folderOf(id)), outcome);
  }
  if (!options.json) await printCard(runFolder(join(folder, '..', valueOf(readManifest(asked)).seedOf ?? asked.id)));
  return 0;
}
