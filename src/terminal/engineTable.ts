import type { EngineFacts, GpuFacts, MachineFacts } from '../protocol/runEvent.ts';
import { bytes, shortTime, threadsText } from '../base/units.ts';
import type { Paint } from './paint.ts';

/** What `thaw doctor` prints: every engine of this machine, which one trains, why, what it runs on, and how to get a faster one. */
export function engineTable({ title, device, threads, node, why, prefix, tried, timed, testsMs, advice, name, machine }: EngineFacts, { bold, dim, green, yellow }: Paint): string {
  const rows = tried.map((rung) => {
    const state = rung.ok ? `${(rung.stepMs?.toFixed(1) ?? '?').padStart(7)} ms a step  ${rung.title ?? ''}`.trimEnd() : dim(rung.why ?? 'not available');
    return `  ${rung.name === name ? green('✓') : rung.ok ? '·' : dim('–')} ${rung.name.padEnd(11)} ${state}`;
  });
  return [
    `${bold(title)} on ${device.toUpperCase()}, ${threadsText(threads)}: ${why}`, ...rows, '',
    ...(timed === undefined ? [] : [`step           ${timed}${testsMs === undefined ? '' : `; tests took ${shortTime(testsMs)}`}`]),
    `frozen layers  ${prefix ?? 'the same engine'}`, ...machineRows(machine), `Node           ${node}`, ...(advice ? ['', yellow(advice)] : []),
  ].join('\n');
}

function machineRows(machine: MachineFacts | undefined): string[] {
  if (!machine) return [];
  const { processor, cores, memoryBytes, freeBytes, gpus, cuda } = machine;
  return [
    `processor      ${processor}, ${cores} ${cores === 1 ? 'core' : 'cores'}`,
    `memory         ${bytes(memoryBytes)}, ${bytes(freeBytes)} of it free`,
    `graphics       ${gpus.length > 0 ? gpus.map(gpuText).join('; ') : 'no GPU was found'}`,
    ...(cuda ? [`CUDA           ${cuda.seen}${cuda.fix === undefined ? '' : `: ${cuda.fix}`}`] : []),
  ];
}

const gpuText = ({ name, memoryBytes, driver }: GpuFacts): string =>
  [name, memoryBytes === undefined ? undefined : bytes(memoryBytes), driver === undefined ? undefined : `driver ${driver}`].filter((part) => part !== undefined).join(', ');
