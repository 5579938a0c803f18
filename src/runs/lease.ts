import { readFileSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import type { Lease } from '../protocol/runManifest.ts';
import type { RunFolder } from './runFolder.ts';
import { atomicSwap } from './atomicWrite.ts';
import { formatJson } from '../protocol/jsonText.ts';
import { nowAt } from '../base/clock.ts';
import { parseLease } from '../protocol/guards.ts';
import { processStart } from './processStart.ts';

/** `stale`: may live, but does not answer (a blocked or paused process, another machine): shown as such, never concluded. */
export type Life = 'alive' | 'stale' | 'dead';

/** A trainer renews its lease this often; after `freshMs` without that it is not called alive on its word alone. */
export const heartbeatMs = 5_000;
const freshMs = 15_000;
/** Without any way to look at the process, a lease not renewed for so long is given up: no step takes ten minutes. */
const abandonedMs = 600_000;

/** What can be seen of a lease's process from here. */
export interface Sighting {
  readonly host: string;
  /** As runs/processStart.ts says it. */
  readonly pidStart: string | undefined;
  readonly nowMs: number;
}

/** Whether the holder of `lease` lives. Total over what a machine can tell: its own processes, reborn pids, other hosts. */
export function lifeOf(lease: Lease, seen: Sighting): Life {
  const silentMs = seen.nowMs - Date.parse(lease.heartbeatAt);
  const byHeartbeat = silentMs < freshMs ? 'alive' : silentMs < abandonedMs ? 'stale' : 'dead';
  if (lease.host !== seen.host) return byHeartbeat; // its pid means nothing here
  if (seen.pidStart === undefined) return 'dead';
  if (lease.pidStart === '' || seen.pidStart === '') return byHeartbeat; // some process has this pid: is it the same?
  if (lease.pidStart !== seen.pidStart) return 'dead';
  return silentMs < freshMs ? 'alive' : 'stale';
}

/** Looks at the process that `lease` names. */
export const sight = (lease: Lease): Sighting =>
  ({ host: hostname(), pidStart: processStart(lease.pid), nowMs: Date.parse(nowAt()) });

/** A lease for a process of this machine, as of now. */
export const leaseOf = (pid: number): Lease =>
  ({ pid, pidStart: processStart(pid) ?? '', host: hostname(), heartbeatAt: nowAt() });

export function readLease(file: string): Lease | undefined {
  try {
    const lease = parseLease(JSON.parse(readFileSync(file, 'utf8')));
    return lease.ok ? lease.value : undefined;
  } catch {
    return undefined; // none, or none that proves anything
  }
}

export const writeLease = (run: RunFolder, lease: Lease): void => atomicSwap(run.lease, formatJson(lease));

/** The trainer is about to end on its own. */
export const dropLease = (run: RunFolder): void => rmSync(run.lease, { force: true });
