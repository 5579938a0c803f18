import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';

/** Shared by the benchmarks: medians, tables, the peer's Python, and where data is. */

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b), middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
};

export const machine = (): string => `${cpus().length} cores, ${cpus()[0]?.model ?? 'unknown'}, Node ${process.version}`;

/** A Python that has torch and timm: THAW_PEER_PYTHON, or `python3`. Undefined: peers are left out, which is said. */
export function peerPython(): string | undefined {
  for (const python of [process.env['THAW_PEER_PYTHON'], 'python3']) {
    if (python && spawnSync(python, ['-c', 'import torch, timm, torchvision, safetensors'], { stdio: 'ignore' }).status === 0) return python;
  }
  console.log('no Python with torch, torchvision, timm and safetensors: the peer is left out (set THAW_PEER_PYTHON)');
  return undefined;
}

/** Runs a peer script; its last line is JSON. */
export function runPeer(python: string, script: string, args: readonly string[]): unknown {
  const text = execFileSync(python, [join('bench', script), ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 1 << 26 });
  return JSON.parse(text.trimEnd().split('\n').at(-1)!);
}

/** Data beside the checkout that is not ours to ship; benchmarks use it where it is. */
export const sharedFolder = (): string | undefined => existsSync('../shared/datasets') ? '../shared/datasets' : undefined;

export function table(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  console.log([line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n'));
}
