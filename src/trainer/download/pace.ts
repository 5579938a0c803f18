/** Rate and time left of something that is counted in bytes, from its last seconds: a slow start is soon forgotten. */
export class Pace {
  readonly #marks: { readonly atMs: number; readonly doneBytes: number }[] = [];

  /** `atMs`: of a monotonic clock. Nothing can be said within the first second. */
  at(atMs: number, doneBytes: number, totalBytes: number): { readonly bytesPerSecond: number; readonly leftMs: number } | undefined {
    if (doneBytes < (this.#marks.at(-1)?.doneBytes ?? 0)) this.#marks.length = 0; // it began anew
    this.#marks.push({ atMs, doneBytes });
    while (this.#marks.length > 2 && atMs - this.#marks[1]!.atMs > windowMs) this.#marks.shift();
    const first = this.#marks[0]!, elapsedMs = atMs - first.atMs, bytesPerSecond = (doneBytes - first.doneBytes) / elapsedMs * 1000;
    return elapsedMs < 1000 || bytesPerSecond <= 0 ? undefined : { bytesPerSecond, leftMs: (totalBytes - doneBytes) / bytesPerSecond * 1000 };
  }
}

const windowMs = 8000;
