import { homedir } from 'node:os';
import { join } from 'node:path';

/** The only place that reads the environment. */

/** The environment of this process with `extra` on top: for children. */
export const environmentWith = (extra: Readonly<Record<string, string>>): Readonly<Record<string, string | undefined>> =>
  ({ ...process.env, ...extra });

/** Where a user's own data lives by the habit of the system: for runs whose workspace cannot be written. */
export function userDataFolder(): string {
  switch (process.platform) {
    case 'win32': return join(process.env['LOCALAPPDATA'] ?? join(homedir(), 'AppData', 'Local'), 'thaw');
    case 'darwin': return join(homedir(), 'Library', 'Application Support', 'thaw');
    default: return join(process.env['XDG_DATA_HOME'] || join(homedir(), '.local', 'share'), 'thaw');
  }
}
