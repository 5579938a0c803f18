import { readFileSync } from 'node:fs';
import { codeOf, unless } from './systemError.ts';

/**
 * When the process `pid` started, as a text that no other process of this machine shares: `<boot id>/<clock tick>` on
 * Linux. Empty where the system does not tell. Undefined when there is no such process, or it is dead and only waits
 * for its parent to notice (a zombie). Pids are reused; a pid with its start is not.
 */
export function processStart(pid: number): string | undefined {
  if (!exists(pid)) return undefined;
  if (process.platform !== 'linux') return '';
  const stat = unless(['ENOENT', 'ESRCH'], () => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  if (stat === undefined) return undefined;
  // proc(5): "pid (name) state ppid …"; the name may hold anything, so fields count from its last bracket.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state] = fields, startTick = fields[19];
  if (state === 'Z' || state === 'X') return undefined;
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return `${boot}/${startTick}`;
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM'; // it is there, and another user's
  }
}
