import { monotonicMs } from '../../../base/clock.ts';
import type { Activity, RunFact } from '../../../protocol/runEvent.ts';

/** A journalled line of progress at most this often. */
const everyMs = 150;

/** Counts work and says so, with rate and time left. The first and the last item are always said. */
export class ProgressLine {
  readonly #activity: Activity;
  readonly #append: (fact: RunFact) => void;
  readonly #startMs = monotonicMs();
  #saidMs = -Infinity;

  constructor(activity: Activity, append: (fact: RunFact) => void) {
    this.#activity = activity;
    this.#append = append;
  }

  at(done: number, total?: number): void {
    const now = monotonicMs(), elapsedMs = now - this.#startMs;
    if (now - this.#saidMs < everyMs && done !== total) return;
    this.#saidMs = now;
    const known = done > 0 && elapsedMs > everyMs;
    this.#append({
      type: 'progress', activity: this.#activity, done, ...(total !== undefined && { total }),
      ...(known && { perSecond: done / (elapsedMs / 1000) }),
      ...(known && total !== undefined && { etaMs: (elapsedMs / done) * (total - done) }),
    });
  }
}
