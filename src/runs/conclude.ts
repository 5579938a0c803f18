import { closeSync, existsSync, fstatSync, openSync, readFileSync, readSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import type { ExitFacts, RunManifest } from '../protocol/runManifest.ts';
import { decodeDeath } from './exits.ts';
import { dropLease, type Life, lifeOf, readLease, sight } from './lease.ts';
import { hasEnded } from '../protocol/hasEnded.ts';
import { readManifest, writeManifest } from './manifest.ts';
import { nowAt } from '../base/clock.ts';
import { openJournal } from './journal.ts';
import { parseExitFacts } from '../protocol/guards.ts';
import { placeOf, type RunFolder, runFolder } from './runFolder.ts';
import { stopOrdered } from './control.ts';
import { codeOf, unless } from './systemError.ts';
import { underLock } from './lock.ts';

/** A run whose trainer has not written a lease yet is given this long to start. */
const startingMs = 60_000;
/** A death is first told by the keeper (exit.json); without one, others conclude after this long. */
const keeperMs = 15_000;

/** Whether somebody works on the run; `ended` runs need nobody. */
export function lifeOfRun(run: RunFolder, manifest: RunManifest): Life | 'ended' {
  if (hasEnded(manifest.status)) return 'ended';
  const lease = readLease(run.lease), exitKnown = existsSync(ownerOf(run, manifest).exit);
  const silentMs = Date.parse(nowAt()) - Date.parse(lease?.heartbeatAt ?? manifest.createdAt);
  if (!lease) return exitKnown || silentMs > startingMs ? 'dead' : 'alive';
  const life = lifeOf(lease, sight(lease));
  return life === 'dead' && !exitKnown && silentMs < keeperMs ? 'stale' : life;
}

/**
 * Writes the end of a run whose trainer is dead into journal and manifest, with the reason. One process does so, the
 * others find it done. Returns the manifest as it then stands; `manifest` itself when there is nothing to conclude, or
 * somebody else is at it. Where the folder cannot be written the conclusion is returned all the same.
 */
export function concludeIfDead(run: RunFolder, manifest: RunManifest): RunManifest {
  if (lifeOfRun(run, manifest) !== 'dead') return manifest;
  try {
    return underLock(placeOf(run).upkeep, () => {
      const now = readManifest(run); // by now somebody may have been faster
      return now.ok && lifeOfRun(run, now.value) === 'dead' ? conclude(run, now.value) : now.ok ? now.value : manifest;
    }) ?? manifest;
  } catch (error) {
    if (!['EACCES', 'EPERM', 'EROFS', 'ENOSPC'].includes(codeOf(error) ?? '')) throw error;
    return concluded(run, manifest).manifest;
  }
}

function conclude(run: RunFolder, manifest: RunManifest): RunManifest {
  rmSync(run.reserve, { force: true }); // room for the last words that its trainer could not say
  const journal = openJournal(run.journal);
  try {
    if (journal.last?.type === 'ended') { // it said its last line, and died before the manifest knew
      const { outcome, at, diagnostic } = journal.last;
      const known: RunManifest = { ...manifest, status: outcome, endedAt: at, ...(diagnostic && { problem: diagnostic }) };
      writeManifest(run, known);
      return known;
    }
    const end = concluded(run, manifest);
    journal.append(end.fact, true, end.at);
    writeManifest(run, end.manifest);
    return end.manifest;
  } finally {
    journal.close();
    dropLease(run);
  }
}

function concluded(run: RunFolder, manifest: RunManifest): { manifest: RunManifest; fact: { type: 'ended' } & ReturnType<typeof decodeDeath>; at: string } {
  const owner = ownerOf(run, manifest), exit = readExit(owner), lease = readLease(run.lease);
  const death = decodeDeath({
    ...(exit && { exit }),
    stderrTail: tailOf(owner.stderr),
    askedToStop: stopOrdered(owner),
    diskIsFull: isFull(owner),
    ...batchOf(owner),
  });
  const at = exit?.at ?? lease?.heartbeatAt ?? nowAt();
  return {
    manifest: { ...manifest, status: death.outcome, endedAt: at, problem: death.diagnostic },
    fact: { type: 'ended', ...death },
    at,
  };
}

/** Control runs are executed by the trainer of their run, and what is known of its end lies there; but for those added later, which have a trainer of their own. */
const ownerOf = (run: RunFolder, { controlOf, addedLater }: RunManifest): RunFolder =>
  controlOf === undefined || addedLater ? run : runFolder(join(placeOf(run).runs, controlOf));

/** As the resolved plan says it (experiment/format.ts). */
export function batchOf({ resolvedPlan }: RunFolder): { readonly batch?: number } {
  const found = /^batch: (\d+)/m.exec(unless(['ENOENT'], () => readFileSync(resolvedPlan, 'utf8')) ?? '');
  return found ? { batch: Number(found[1]) } : {};
}

function readExit(run: RunFolder): ExitFacts | undefined {
  try {
    const facts = parseExitFacts(JSON.parse(readFileSync(run.exit, 'utf8')));
    return facts.ok ? facts.value : undefined;
  } catch {
    return undefined; // nobody saw it
  }
}

/** Less than what a trainer holds back for its last words. */
function isFull({ path }: RunFolder): boolean {
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize < 64 * 1024;
}

function tailOf(file: string, tailBytes = 8192): string {
  const fd = unless(['ENOENT'], () => openSync(file, 'r'));
  if (fd === undefined) return '';
  try {
    const { size } = fstatSync(fd), tail = Buffer.alloc(Math.min(size, tailBytes));
    return tail.toString('utf8', 0, readSync(fd, tail, 0, tail.length, size - tail.length));
  } finally {
    closeSync(fd);
  }
}
