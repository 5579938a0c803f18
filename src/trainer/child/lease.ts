import type { Disposable } from '../../base/owner.ts';
import type { RunFolder } from '../../runs/runFolder.ts';
import { dropLease, heartbeatMs, leaseOf, writeLease } from '../../runs/lease.ts';

/**
 * Keeps the lease of a run on this process until disposed. A lease that cannot be written (a full disk) is no reason
 * to end a training: on the machine itself, the process can be seen anyway.
 */
export function keepLease(run: RunFolder, everyMs = heartbeatMs): Disposable {
  const beat = (): void => {
    try {
      writeLease(run, leaseOf(process.pid));
    } catch {
      // the next one may succeed; the journal is where a full disk is reported
    }
  };
  beat();
  const timer = setInterval(beat, everyMs).unref();
  return {
    dispose: () => {
      clearInterval(timer);
      dropLease(run);
    },
  };
}
