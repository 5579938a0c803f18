import { controlKinds } from '../protocol/verdict.ts';
import { runFolder } from '../runs/runFolder.ts';
import type { Options } from '../terminal/arguments.ts';
import { print, wrongUsage } from './output.ts';
import { engineWish } from './overrides.ts';
import { runNamed } from './places.ts';
import { printCard } from './printCard.ts';
import { valueOf } from './problems.ts';
import { codeOf, watched } from './watched.ts';

/** Adds a control to a run that has ended; its verdict is then said anew. */
export async function control([name, kind]: readonly string[], options: Options): Promise<number> {
  const found = controlKinds.find((each) => each === kind);
  if (name === undefined || !found) return wrongUsage(`thaw control <run> <${controlKinds.join(' | ')}>`);
  const { host, folder } = runNamed(name, options), of = runFolder(folder), budget = options['scratch-budget'];
  const id = valueOf(await host.addControl(of.id, found, { ...engineWish(options), ...(budget !== undefined && { overrides: { scratchBudget: budget } }) }));
  if (options.detach) return print(id);
  const { outcome } = await watched(host, id, options);
  if (!options.json && outcome === 'finished') await printCard(of);
  return codeOf(valueOf(host.folderOf(id)), outcome);
}
