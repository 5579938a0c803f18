import { homedir, totalmem } from 'node:os';
import { join } from 'node:path';

/** The only place that reads the environment. */

/** The environment of this process with `extra` on top: for children. */
export const environmentWith = (extra: Readonly<Record<string, string>>): Readonly<Record<string, string | undefined>> =>
  ({ ...process.env, ...extra });

/** Sets what a native library reads as it is loaded, into this process or one that it starts, unless the user has set it. */
export function presetEnvironment(name: string, value: string): void {
  process.env[name] ??= value;
}

/** Whether words for a terminal may be coloured (no-color.org). */
export const showsColours = (isTerminal: boolean): boolean => isTerminal && !process.env['NO_COLOR'];

/** Folders in which the loader looks for libraries before all others (Linux). */
export const libraryFolders = (): readonly string[] => (process.env['LD_LIBRARY_PATH'] ?? '').split(':').filter(Boolean);

/** Memory that this process may take, in bytes: the machine's, or its container's. THAW_MEMORY_GB (10⁹ bytes) lowers it. */
export function memoryBytes(): number {
  const contained = process.constrainedMemory() || Infinity, asked = Number(process.env['THAW_MEMORY_GB'] || Infinity) * 1e9;
  return Math.min(totalmem(), contained, asked > 0 ? asked : Infinity);
}

/** Where a user's own data lives by the habit of the system: for runs whose workspace cannot be written. */
export function userDataFolder(): string {
  switch (process.platform) {
    case 'win32': return join(process.env['LOCALAPPDATA'] ?? join(homedir(), 'AppData', 'Local'), 'thaw');
    case 'darwin': return join(homedir(), 'Library', 'Application Support', 'thaw');
    default: return join(process.env['XDG_DATA_HOME'] || join(homedir(), '.local', 'share'), 'thaw');
  }
}

/** Where what can be fetched or computed again is kept: native engines, measured rates. THAW_CACHE overrides it. */
export function userCacheFolder(): string {
  const { THAW_CACHE, XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  if (THAW_CACHE) return THAW_CACHE;
  switch (process.platform) {
    case 'win32': return join(LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local'), 'thaw', 'cache');
    case 'darwin': return join(homedir(), 'Library', 'Caches', 'thaw');
    default: return join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'thaw');
  }
}

/**
 * Which hub weights come from, and the token that proves who asks. The token leaves the environment with this: no child
 * of this process needs it, and what is not there cannot be printed.
 */
export function takeHubAccess(): { readonly endpoint: string; readonly token?: string } {
  const { HF_ENDPOINT, HF_TOKEN } = process.env;
  delete process.env['HF_TOKEN'];
  return { endpoint: (HF_ENDPOINT || 'https://huggingface.co').replace(/\/+$/, ''), ...(HF_TOKEN && { token: HF_TOKEN }) };
}
