import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { userCacheFolder } from '../../src/base/environment.ts';

/**
 * A user's cache in `folder`, with this machine's native engines when it has some: what tests and benchmarks measure on a
 * busy machine does not teach the developer's own Thaw, nor they learn from it.
 */
export function ownCache(folder: string): string {
  mkdirSync(folder, { recursive: true });
  const engines = join(userCacheFolder(), 'engine');
  try {
    if (existsSync(engines)) symlinkSync(engines, join(folder, 'engine'), 'junction');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error; // made before, or by a test beside this one
  }
  return folder;
}
