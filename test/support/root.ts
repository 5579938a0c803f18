import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';

/** The repository, wherever a test was compiled to: the nearest folder above the working directory that is Thaw's. */
export const repoRoot: string = (() => {
  for (let folder = process.cwd(); ; folder = dirname(folder)) {
    const manifest = join(folder, 'package.json');
    if (existsSync(manifest) && (JSON.parse(readFileSync(manifest, 'utf8')) as { name?: string }).name === 'thaw') return folder;
    if (dirname(folder) === folder) throw new Error(`no Thaw repository above ${process.cwd()}`);
  }
})();

const sibling = join(repoRoot, '..', 'shared');

/** Larger goldens and photo sets, where a developer has them beside the repository; tests that need them are skipped by name elsewhere. */
export const sharedRoot: string | undefined = existsSync(join(sibling, 'goldens')) ? sibling : undefined;
