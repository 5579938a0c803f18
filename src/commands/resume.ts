import { readManifest } from '../runs/manifest.ts';
import { whyNotResumable } from '../protocol/resumable.ts';
import { runFolder } from '../runs/runFolder.ts';
import type { Options } from '../terminal/arguments.ts';
import { print } from './output.ts';
import { followToEnd } from './run.ts';
import { hostHere, runNamed } from './places.ts';
import { refused, valueOf } from './problems.ts';

/** A run that was stopped, or whose trainer died, goes on from its last checkpoint; "latest", or none named: the newest of them. */
export async function resume([name = 'latest']: readonly string[], options: Options): Promise<number> {
  const { host, folder } = name === 'latest' ? latestInterrupted(options) : runNamed(name, options), of = runFolder(folder), { experimentFile } = valueOf(readManifest(of));
  const id = valueOf(await host.resumeRun(of.id));
  return options.detach ? print(id) : followToEnd(host, id, experimentFile, options);
}

function latestInterrupted(options: Options): ReturnType<typeof runNamed> {
  const host = hostHere(options), found = host.findRuns().runs.find(({ manifest }) => !whyNotResumable(manifest));
  if (!found) throw refused('no-run', 'no interrupted run was found', options.home ?? process.cwd(), 'start one with `thaw run <folder>`');
  return { host, folder: found.folder.path };
}
