import { setTimeout as sleep } from 'node:timers/promises';
import type { Disposable } from '../../base/owner.ts';
import type { RunsPlace } from '../../runs/runFolder.ts';
import { heartbeatMs } from '../../runs/lease.ts';
import { tryLock } from '../../runs/lock.ts';

/** Waits until nothing else trains in this home, and `isNext`; then nothing else does until this is disposed. Undefined on a stop. */
export async function trainingLock(place: RunsPlace, signal: AbortSignal, isNext: () => boolean = () => true): Promise<Disposable | undefined> {
  while (!signal.aborted) {
    const lock = isNext() ? tryLock(place.training) : undefined;
    if (lock) {
      const beats = setInterval(() => lock.beat(), heartbeatMs).unref();
      return { dispose: () => { clearInterval(beats); lock.release(); } };
    }
    await sleep(200, undefined, { signal }).catch(() => undefined); // an abort ends the loop
  }
  return undefined;
}
