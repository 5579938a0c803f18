import { about, bytes, percent } from '../base/units.ts';
import type { InstallProgress } from '../protocol/answers.ts';
import type { Paint } from './paint.ts';

const barColumns = 24;

/** `fetching  ━━━━━━━━━━━━──────  48 %  125 MiB of 261 MiB · 12.3 MiB/s · 11 s left`. */
export function installLine({ activity, doneBytes, totalBytes, bytesPerSecond, leftMs }: InstallProgress, { green, dim }: Paint): string {
  const share = totalBytes > 0 ? Math.max(0, doneBytes / totalBytes) : 1, filled = Math.round(share * barColumns);
  const facts = [
    `${bytes(Math.max(0, doneBytes))} of ${bytes(totalBytes)}`,
    bytesPerSecond === undefined ? undefined : `${bytes(bytesPerSecond)}/s`,
    leftMs === undefined || share === 1 ? undefined : `${about(leftMs)} left`,
  ].filter((fact) => fact !== undefined);
  return `${activity.padEnd(9)} ${green('━'.repeat(filled))}${dim('─'.repeat(barColumns - filled))} ${percent(share, 0).padStart(5)}  ${facts.join(' · ')}`;
}
