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

/** Where slow downloads are kept between clones: the place that src/base/environment.ts gives the product's own. */
export const cacheFolder = process.env.THAW_CACHE || (
  process.platform === 'win32' ? join(process.env.LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local'), 'thaw', 'cache')
  : process.platform === 'darwin' ? join(homedir(), 'Library', 'Caches', 'thaw')
  : join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'thaw')
);
