import { spawn } from 'node:child_process';
import { readFileSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ExitFacts } from '../../protocol/runManifest.ts';
import { atomicWrite } from '../../runs/atomicWrite.ts';
import { cappedLog } from './cappedLog.ts';
import { concludeIfDead } from '../../runs/conclude.ts';
import { formatJson } from '../../protocol/jsonText.ts';
import { leaseOf, writeLease } from '../../runs/lease.ts';
import { nowAt } from '../../base/clock.ts';
import { presetEnvironment } from '../../base/environment.ts';
import { placeOf, runFolder } from '../../runs/runFolder.ts';
import { readManifest } from '../../runs/manifest.ts';
import { runFoldersIn } from '../../runs/runIndex.ts';
import { unless } from '../../runs/systemError.ts';

/**
 * The small process between the editor and the trainer: `node keeper.mjs <run folder> <script> <arguments…>`.
 * Only a parent learns how a process died, and only a reader can keep its stderr from filling the disk; the editor's
 * window can be neither, since a trainer outlives it. The keeper starts the trainer, writes stderr.log and exit.json,
 * and concludes the run should the trainer have died. If the keeper itself is ended, the trainer goes on without it.
 */
const [runPath = '', ...command] = process.argv.slice(2);
const run = runFolder(runPath);
const oomKillsBefore = oomKills();

// One heap for all threads (Linux): what opening the frozen layers' session has freed is there for the next thread's, which
// would otherwise begin a heap of its own. 370 of 1,350 MB with ResNet-50, at no cost in time (docs/decisions/onnx-prefix.md).
presetEnvironment('MALLOC_ARENA_MAX', '1');
const trainer = spawn(process.execPath, command, { stdio: ['ignore', 'ignore', 'pipe'], detached: true, windowsHide: true });
if (trainer.pid !== undefined) ifThereIsRoom(() => writeLease(run, leaseOf(trainer.pid!))); // before the trainer can: so that it can be stopped at once
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => trainer.kill('SIGTERM'));

const log = cappedLog((data) => ifThereIsRoom(() => void writeSync(2, data))); // the host has opened stderr.log as our own stderr
const closed = new Promise((resolve) => trainer.once('close', resolve));
trainer.stderr.on('data', (data: Buffer) => log.add(data));

let peakBytes: number | undefined;
const sampling = setInterval(() => { peakBytes = peakOf(trainer.pid) ?? peakBytes; }, 200);

trainer.on('error', (error) => {
  log.add(Buffer.from(`${error.message}\n`));
  if (trainer.pid === undefined) void finish(null, null); // it could not be started
});
trainer.on('exit', (code, signal) => void finish(code, signal));

async function finish(code: number | null, signal: string | null): Promise<void> {
  clearInterval(sampling);
  await Promise.race([closed, sleep(1000)]); // its last lines; not for ever, should an orphan hold the pipe
  log.end();
  const facts: ExitFacts = {
    at: nowAt(), oomKilled: oomKills() > oomKillsBefore,
    ...(code !== null && { code }), ...(signal !== null && { signal }), ...(peakBytes !== undefined && { peakBytes }),
  };
  ifThereIsRoom(() => atomicWrite(run.exit, formatJson(facts)));
  for (const each of runFoldersIn(placeOf(run))) { // the run, and the controls that the trainer had taken on
    const manifest = readManifest(each);
    if (manifest.ok) concludeIfDead(each, manifest.value);
  }
  process.exit();
}

/** A full disk, of all places, is no reason to abandon the trainer. */
function ifThereIsRoom(write: () => void): void {
  try {
    write();
  } catch {
    // whoever looks next does without it
  }
}

/** Largest resident size so far (VmHWM of proc(5)), where the system tells. */
function peakOf(pid: number | undefined): number | undefined {
  const status = unless(['ENOENT', 'ESRCH'], () => readFileSync(`/proc/${pid}/status`, 'utf8'));
  const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(status ?? '')?.[1];
  return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
}

/** Processes that the kernel has ended for want of memory since boot, in any control group; 0 where it does not tell. */
function oomKills(): number {
  const statistics = unless(['ENOENT', 'EACCES'], () => readFileSync('/proc/vmstat', 'utf8'));
  return Number(/^oom_kill (\d+)$/m.exec(statistics ?? '')?.[1] ?? 0);
}
