import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, relative, resolve } from 'node:path';
import { userCacheFolder } from '../base/environment.ts';
import { type Resolved, resolveExperiment } from '../experiment/resolve.ts';
import type { Checked } from '../protocol/diagnostic.ts';
import type { Options } from '../terminal/arguments.ts';
import { knownBackbones } from '../trainer/hub/knownBackbones.ts';
import { overridesOf } from './overrides.ts';
import { refused } from './problems.ts';

/** What a run of the file would do, or everything that is wrong with it. */
export async function experimentAt(path: string, options: Options): Promise<Checked<Resolved>> {
  const shown = relative(process.cwd(), path);
  const text = await readFile(path).catch((error: unknown) => {
    throw refused('no-experiment-file', `no experiment file can be read there: ${error instanceof Error ? error.message : String(error)}`, shown, 'check the path');
  });
  return resolveExperiment(text, { file: shown, folderOf: (written) => resolve(dirname(path), written), overrides: overridesOf(options), backbones: knownBackbones(userCacheFolder()), besideMissing });
}

const besideMissing = (path: string): readonly string[] | undefined => existsSync(path) ? undefined : existsSync(dirname(path)) ? readdirSync(dirname(path)) : [];
