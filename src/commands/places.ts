import { existsSync, realpathSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { userDataFolder } from '../base/environment.ts';
import type { Options } from '../terminal/arguments.ts';
import { findNode } from '../trainer/host/findNode.ts';
import { TrainerHost } from '../trainer/host/trainerHost.ts';
import { refused, valueOf } from './problems.ts';

/** Where .thaw lies: what was asked for, the nearest folder above that has one, or beside the target. */
export const homeOf = (target: string, { home }: Options): string => home !== undefined ? resolve(home) : nearestHome(dirname(target));

export function nearestHome(from: string): string {
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, '.thaw', 'runs'))) return folder;
    if (folder === dirname(folder)) return from;
  }
}

export function hostOf(home: string): TrainerHost {
  const beside = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
  return new TrainerHost({
    home: existsSync(home) ? realpathSync(home) : home, userData: userDataFolder(),
    scripts: { trainer: beside('./trainer.mjs'), keeper: beside('./keeper.mjs') },
    node: () => findNode({ own: process.execPath, ownIsElectron: false }),
  });
}

/** Of what was asked for, or of the folder in which the command was given. */
export const hostHere = ({ home }: Options): TrainerHost => hostOf(home ?? nearestHome(process.cwd()));

/** A run by id, by folder, or "latest": the newest that has a result. */
export function runNamed(name: string, options: Options): { readonly host: TrainerHost; readonly folder: string } {
  const path = resolve(name);
  if (existsSync(join(path, 'run.json'))) return { host: hostOf(resolve(path, '..', '..', '..')), folder: path };
  const host = hostHere(options);
  if (name !== 'latest') return { host, folder: valueOf(host.folderOf(name)).path };
  const latest = host.findRuns().runs.find(({ manifest }) => manifest.test);
  if (!latest) throw refused('no-run', 'no finished run was found', options.home ?? process.cwd(), 'start one with `thaw run <folder>`, or name a run\'s folder');
  return { host, folder: latest.folder.path };
}
