import { rmSync, writeFileSync } from 'node:fs';
import { type Diagnostic, Refused } from '../../protocol/diagnostic.ts';
import type { Outcome, RunEvent, RunFact } from '../../protocol/runEvent.ts';
import type { RunManifest } from '../../protocol/runManifest.ts';
import type { ControlKind } from '../../protocol/verdict.ts';
import type { Disposable } from '../../base/owner.ts';
import { batchOf } from '../../runs/conclude.ts';
import { createRun, newRunId, placeOf, type RunFolder, runFolder } from '../../runs/runFolder.ts';
import { diagnosticOf, exitCodeOf, exitCodes } from './exit.ts';
import { formatLastWords } from '../../runs/exits.ts';
import { isNext } from '../../runs/turn.ts';
import { keepLease } from './lease.ts';
import { manifestAfter } from '../../runs/manifestAfter.ts';
import { nowAt } from '../../base/clock.ts';
import { onStopSignal } from './signals.ts';
import { openJournal } from '../../runs/journal.ts';
import { readManifest, writeManifest } from '../../runs/manifest.ts';
import { trainingLock } from './trainingLock.ts';
import { watchControl } from './controls/control.ts';

/** The run folder in the hands of the process that executes the run: the only writer of its journal and manifest. */
export interface RunWriter {
  readonly folder: RunFolder;
  /** As it stands; status, engine, best, test, claim follow the events appended. */
  readonly manifest: RunManifest;
  /** Writes one event; milestones reach the disk before this returns. Throws the system's error (a full disk). */
  append(fact: RunFact): RunEvent;
  /** For what events do not say: data folder, backbone, fingerprint, versions. */
  updateManifest(patch: Partial<RunManifest>): void;
  /**
   * Writes the last line, `further` diagnostics before it, and lets go of the run. Never throws: what cannot be written
   * is said on stderr. Only the first call counts.
   */
  close(outcome: Outcome, diagnostic?: Diagnostic, further?: readonly Diagnostic[]): void;
}

export interface TrainerRun extends RunWriter {
  /** Aborted once by an order in control.jsonl, SIGTERM or SIGINT. */
  readonly stopRequested: AbortSignal;
  /** Waits until no other run of this home trains, then writes `started`. False when a stop came first. */
  begin(): Promise<boolean>;
  /** A control run of this one, executed by this process: in a folder of its own, `started` already. */
  openControl(control: ControlKind, request: RunManifest['request']): RunWriter;
}

/** Takes over the run in a folder that TrainerHost.startRun has made. Throws Refused when it cannot be read. */
export function openTrainerRun(path: string): TrainerRun {
  const stopping = new AbortController();
  const stop = (): void => stopping.abort();
  const ends: Disposable[] = [];
  const run = openWriter(runFolder(path), ends);
  ends.push(onStopSignal(stop), watchControl(run.folder, stop));
  return Object.assign(run, {
    stopRequested: stopping.signal,

    async begin(): Promise<boolean> {
      holdReserve(run.folder);
      const place = placeOf(run.folder), lock = await trainingLock(place, stopping.signal, () => isNext(place, run.folder.id)); // in the order of their ids
      if (!lock) return false;
      ends.push(lock);
      run.append(startedFact());
      return true;
    },

    openControl(control: ControlKind, request: RunManifest['request']): RunWriter {
      const { title, experimentFile, dataFolder, backbone, versions, dataFingerprint, engine } = run.manifest;
      const createdAt = nowAt();
      const folder = createRun(placeOf(run.folder), {
        format: 1, id: newRunId(`${title} ${control}`, createdAt), title: `${title} (${control})`, status: 'preparing', createdAt,
        experimentFile, dataFolder, backbone, versions, controlOf: run.folder.id, control,
        ...(request && { request }), ...(engine && { engine }), ...(dataFingerprint !== undefined && { dataFingerprint }),
      });
      holdReserve(folder);
      const writer = openWriter(folder, []);
      writer.append(startedFact());
      return writer;
    },
  });
}

const startedFact = (): RunFact => ({ type: 'started', pid: process.pid, node: process.version });

/**
 * Executes a run to its end: whatever `train` returns or throws becomes the last line of the journal.
 * Returns the exit code. Errors that nobody awaits end the process the same way, at once.
 */
export async function concludeWith(run: TrainerRun, train: () => Promise<Outcome>): Promise<number> {
  const fail = (error: unknown): number => {
    const diagnostic = diagnosticOf(error, batchOf(run.folder).batch);
    if (diagnostic.code === 'internal-error') process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    run.close('failed', diagnostic, error instanceof Refused ? error.diagnostics.slice(1) : []);
    return exitCodeOf(diagnostic);
  };
  process.on('uncaughtException', (error) => process.exit(fail(error))); // unhandled rejections arrive here too
  process.stderr.on('error', () => undefined); // the keeper that reads it may be gone: no reason to end
  try {
    run.close(await train());
    return exitCodes.ended;
  } catch (error) {
    return fail(error);
  }
}

/** What may be lost with the machine's power; the rest is synced. */
const fleeting: readonly RunFact['type'][] = ['step', 'progress', 'evaluated', 'warning'];

/** Without so much room a run does not begin; on a full disk, this is the room for its last words. */
const holdReserve = (folder: RunFolder): void => writeFileSync(folder.reserve, new Uint8Array(64 * 1024));

/** The most warnings that go into the journal one by one; data/manifest.jsonl has all files. */
export const journalledWarnings = 200;

function openWriter(folder: RunFolder, ends: Disposable[]): RunWriter {
  const read = readManifest(folder);
  if (!read.ok) throw new Refused(read.errors);
  let manifest = read.value, written = manifest, open = true;
  const journal = openJournal(folder.journal);
  ends.push(keepLease(folder), { dispose: () => journal.close() });

  const save = (): void => {
    if (manifest !== written) writeManifest(folder, manifest);
    written = manifest;
  };
  const append = (fact: RunFact): RunEvent => {
    const milestone = !fleeting.includes(fact.type);
    const event = journal.append(fact, milestone);
    manifest = manifestAfter(manifest, event);
    if (milestone) save(); // a new best waits for its checkpoint
    return event;
  };
  return {
    folder,
    get manifest() { return manifest; },
    append,
    updateManifest(patch) {
      manifest = { ...manifest, ...patch };
      save();
    },
    close(outcome, diagnostic, further = []) {
      if (!open) return;
      open = false;
      rmSync(folder.reserve, { force: true });
      try {
        for (const each of further.slice(0, journalledWarnings)) append({ type: 'warning', diagnostic: each });
        append({ type: 'ended', outcome, ...(diagnostic && { diagnostic }) });
      } catch (error) {
        process.stderr.write(formatLastWords(diagnostic ?? diagnosticOf(error)));
      }
      for (let end = ends.pop(); end; end = ends.pop()) end.dispose();
    },
  };
}
