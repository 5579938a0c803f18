/** The only place that reads the wall clock. */

/** Now, ISO 8601 UTC, for anything that reaches a disk (`…At`). */
export const nowAt = (): string => new Date().toISOString();

/** Milliseconds from a monotonic clock: for durations only. */
export const monotonicMs = (): number => performance.now();
