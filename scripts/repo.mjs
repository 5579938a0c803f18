// @ts-check
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

/** The repository: the nearest folder above this file with a package.json (this file also runs compiled, from out/scripts). */
export const root = (() => {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
})();

/** Where slow downloads are kept between clones. */
export const cacheFolder = join(
  process.env.XDG_CACHE_HOME
    ?? (process.platform === 'win32' ? process.env.LOCALAPPDATA : undefined)
    ?? (process.platform === 'darwin' ? join(homedir(), 'Library', 'Caches') : join(homedir(), '.cache')),
  'thaw',
);
