import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { atomicSwap } from './atomicWrite.ts';
import { formatJson } from '../protocol/jsonText.ts';
import { nowAt } from '../base/clock.ts';
import { leaseOf, lifeOf, readLease, sight } from './lease.ts';
import { unless } from './systemError.ts';

/**
 * A lock that outlives nobody: held by a process, free again when it is released or its process is dead.
 *
 * The lock is a folder of numbered files; the highest number is the truth, and holds the lease of its holder. To take a
 * lock that is free, create the next number: the file system lets one process do that. Files are only ever removed
 * below the highest, so the usual race of breaking a dead holder's lock (remove the file, and with it the lock that
 * somebody faster has just taken) cannot happen: a slow taker finds a higher number after creating its own, and yields.
 */
export interface Lock {
  /** Says that the holder lives, for systems where its process cannot be looked at. */
  beat(): void;
  release(): void;
}

/** Takes the lock if it is free. */
export function tryLock(folder: string): Lock | undefined {
  mkdirSync(folder, { recursive: true });
  const last = Math.max(0, ...numbersIn(folder));
  if (last > 0 && isHeld(fileOf(folder, last))) return undefined;
  const mine = fileOf(folder, last + 1);
  const created = unless(['EEXIST'], () => {
    writeFileSync(mine, formatJson(leaseOf(process.pid)), { flag: 'wx' });
    return true;
  });
  if (!created) return undefined;
  const numbers = numbersIn(folder);
  if (Math.max(...numbers) > last + 1) {
    rmSync(mine, { force: true });
    return undefined;
  }
  for (const number of numbers) if (number <= last) rmSync(fileOf(folder, number), { force: true });
  return {
    beat: () => atomicSwap(mine, formatJson(leaseOf(process.pid))),
    release: () => writeFileSync(mine, released),
  };
}

/** Does `act` under the lock; undefined when somebody else holds it. `act` must not wait: others skip, they do not queue. */
export function underLock<T>(folder: string, act: () => T): T | undefined {
  const lock = tryLock(folder);
  if (!lock) return undefined;
  try {
    return act();
  } finally {
    lock.release();
  }
}

const released = '{"released":true}';
/** A lock file without a lease is being written right now, or its writer died in between. */
const writingMs = 10_000;

function isHeld(file: string): boolean {
  const content = unless(['ENOENT'], () => readFileSync(file, 'utf8'));
  if (content === undefined) return true; // removed since: there is a higher number
  if (content === released) return false;
  const lease = readLease(file);
  if (lease) return lifeOf(lease, sight(lease)) !== 'dead';
  const changedMs = unless(['ENOENT'], () => statSync(file).mtimeMs);
  return changedMs === undefined || Date.parse(nowAt()) - changedMs < writingMs;
}

const numbersIn = (folder: string): number[] =>
  readdirSync(folder).filter((name) => /^\d+$/.test(name)).map(Number);

const fileOf = (folder: string, number: number): string => join(folder, String(number));
