import type { RunFact } from '../../../protocol/runEvent.ts';
import { monotonicMs } from '../../../base/clock.ts';

/** How long the epochs of each stage take, evaluation included, told from what training says. */
export class EpochClock {
  readonly #epochs: number[][] = [];
  /** Unknown before the first evaluation of a stage: until then data is being loaded, and the untouched network judged. */
  #sinceMs: number | undefined;
  #epoch = 0;

  see(fact: RunFact): void {
    if (fact.type === 'stage') {
      this.#epochs[fact.stage] = [];
      this.#sinceMs = fact.step === 0 ? undefined : monotonicMs(); // step 0 is evaluated before the first epoch
    } else if (fact.type === 'evaluated') {
      if (this.#sinceMs !== undefined && fact.epoch > this.#epoch) this.#epochs.at(-1)?.push(monotonicMs() - this.#sinceMs);
      this.#epoch = fact.epoch;
      this.#sinceMs = monotonicMs();
    }
  }

  /** Milliseconds; undefined for a stage without a whole epoch. */
  medianOf(stage: number): number | undefined {
    const sorted = [...this.#epochs[stage] ?? []].sort((a, b) => a - b);
    return sorted[sorted.length >> 1];
  }
}
