import { monotonicMs } from '../base/clock.ts';
import type { Disposable } from '../base/owner.ts';

/** Calls `act` at once, then at most once per interval: the first event is seen without delay, the last is never lost. */
export class Throttle implements Disposable {
  readonly #act: () => void;
  readonly #intervalMs: number;
  #lastMs = -Infinity;
  #timer: NodeJS.Timeout | undefined;

  constructor(intervalMs: number, act: () => void) {
    this.#intervalMs = intervalMs;
    this.#act = act;
  }

  ask(): void {
    if (this.#timer) return;
    const waitMs = this.#lastMs + this.#intervalMs - monotonicMs();
    if (waitMs <= 0) this.#now();
    else this.#timer = setTimeout(() => this.#now(), waitMs);
  }

  dispose(): void {
    clearTimeout(this.#timer);
  }

  #now(): void {
    this.#timer = undefined;
    this.#lastMs = monotonicMs();
    this.#act();
  }
}
