import { spawnSync } from 'node:child_process';
import { hostname } from 'node:os';
import type { Lease } from '../../protocol/runManifest.ts';
import { codeOf } from '../../runs/systemError.ts';
import { lifeOf, sight } from '../../runs/lease.ts';

/**
 * Sends `signal` to the trainer of a lease and to all it has started. Looks first whether the pid is still that
 * process: never a stranger that inherited the number. Does nothing for a process that is gone, or another machine's.
 */
export function signalTree(lease: Lease, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (lease.host !== hostname() || lifeOf(lease, sight(lease)) === 'dead') return;
  if (process.platform === 'win32') {
    spawnSync('taskkill', ['/pid', String(lease.pid), '/T', '/F'], { windowsHide: true }); // Windows has no gentle way
    return;
  }
  // The keeper starts the trainer as the leader of a group of its own. SIGTERM is for the trainer alone to pass on.
  const target = signal === 'SIGKILL' && isGroup(lease.pid) ? -lease.pid : lease.pid;
  try {
    process.kill(target, signal);
  } catch (error) {
    if (codeOf(error) !== 'ESRCH') throw error;
  }
}

function isGroup(pid: number): boolean {
  try {
    process.kill(-pid, 0);
    return true;
  } catch {
    return false;
  }
}
