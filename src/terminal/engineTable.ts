import type { EngineFacts } from '../protocol/runEvent.ts';
import { threadsText } from '../base/units.ts';
import type { Paint } from './paint.ts';

/** What `thaw doctor` prints: every engine of this machine, which one trains, why, and how to get a faster one. */
export function engineTable({ title, device, threads, node, why, prefix, tried, advice, name }: EngineFacts, { bold, dim, green, yellow }: Paint): string {
  const rows = tried.map((rung) => {
    const state = rung.ok ? `${rung.stepMs?.toFixed(1) ?? '?'} ms per timed step` : dim(rung.why ?? 'not available');
    return `  ${rung.name === name ? green('✓') : rung.ok ? '·' : dim('–')} ${rung.name.padEnd(11)} ${state}`;
  });
  return [
    `${bold(title)} on ${device.toUpperCase()}, ${threadsText(threads)}: ${why}`, ...rows, '',
    `frozen layers  ${prefix ?? 'the same engine'}`, `Node           ${node}`, ...(advice ? ['', yellow(advice)] : []),
  ].join('\n');
}
