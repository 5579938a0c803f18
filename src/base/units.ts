/** Numbers as people read them. Code keeps milliseconds, bytes and 0…1; only the screen sees these. */

/** 0.7361 → "73.6 %". */
export const percent = (share: number, digits = 1): string => `${(share * 100).toFixed(digits)} %`;

/** 4652008 → "4.7 M"; 928 → "928". */
export function count(value: number): string {
  if (value >= 1e9) return `${(value / 1e9).toFixed(1)} G`;
  if (value >= 1e6) return `${(value / 1e6).toFixed(1)} M`;
  if (value >= 1e4) return `${(value / 1e3).toFixed(0)} k`;
  return String(Math.round(value));
}

/** 10066330 → "9.6 MiB". */
export function bytes(sizeBytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = sizeBytes, unit = 0;
  while (value >= 1024 && unit < units.length - 1) { value /= 1024; unit++; }
  return `${value >= 100 || unit === 0 ? value.toFixed(0) : value.toFixed(1)} ${units[unit]!}`;
}

/** 84000 → "1:24"; 3725000 → "1:02:05". */
export function clockTime(durationMs: number): string {
  const seconds = Math.max(0, Math.round(durationMs / 1000));
  const two = (n: number): string => String(n).padStart(2, '0');
  const hours = Math.floor(seconds / 3600), minutes = Math.floor(seconds / 60) % 60;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

/** 8400 → "8 s"; 95000 → "1.6 min": for predictions, where seconds would pretend to be exact. */
export function about(durationMs: number): string {
  const seconds = durationMs / 1000;
  if (seconds < 1) return 'under 1 s';
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${(seconds / 60).toFixed(seconds < 600 ? 1 : 0)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

/** 7 → "7 ms"; 412 → "0.41 s"; 12400 → "12 s"; 95000 → "1.6 min": for what is compared, where one digit would hide the difference. */
export const shortTime = (durationMs: number): string =>
  durationMs > 0 && durationMs < 9.5 ? `${Math.max(1, Math.round(durationMs))} ms` : durationMs < 9950 ? `${(durationMs / 1000).toFixed(durationMs < 995 ? 2 : 1)} s` : about(durationMs);

/** "1 thread", "2 threads". */
export const threadsText = (threads: number): string => `${threads} ${threads === 1 ? 'thread' : 'threads'}`;

/** "1 step", "20 steps". */
export const stepsText = (steps: number): string => `${steps} ${steps === 1 ? 'step' : 'steps'}`;

/** "+3.4", "−12.0", "0.0", with a real minus sign. */
export function signed(points: number): string {
  const digits = Math.abs(points).toFixed(1).replace('Infinity', '∞'); // so few items that nothing is ruled out
  return digits === '0.0' ? digits : `${points > 0 ? '+' : '−'}${digits}`;
}

/** 0.0004 → "< .001"; 0.0123 → "= .012": what stands behind a p. */
export const pText = (p: number): string => p < 0.001 ? '< .001' : `= ${p.toFixed(3).replace(/^0/, '')}`;
