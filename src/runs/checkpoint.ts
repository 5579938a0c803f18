import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Checked } from '../protocol/diagnostic.ts';
import type { RunFolder } from './runFolder.ts';
import { atomicWrite, syncFolder, writeSynced } from './atomicWrite.ts';
import { fields, type Guard, matching, optional, parsed, whole } from '../protocol/shape.ts';
import { formatJson } from '../protocol/jsonText.ts';
import { unless } from './systemError.ts';

/** What a run needs to go on as if it had not stopped. Tensors are safetensors files; the caller encodes and decodes. */
export interface Checkpoint {
  readonly step: number;
  readonly weights: Uint8Array;
  /** Moments by parameter name. */
  readonly optimizer: Uint8Array;
  /** What the network said at the evaluations so far. */
  readonly evaluations: Uint8Array;
  /** Stage, epoch, data cursor, random streams, the trainable set: JSON, the trainer's own business. */
  readonly state: unknown;
}

/** `best`: kept for its weights, while training is elsewhere by now. */
export type CheckpointRole = 'last' | 'best' | 'both';

/**
 * Keeps `checkpoint` as the run's last, as its best, or as both. The last remembers which was the best by then: going on from it
 * wants that one, also when a later best is kept before a later last.
 * Weights go to a new folder and reach the disk; only then does last.json point at it. After a power cut the old
 * checkpoint is current, or the new one, never half of one. What neither pointer names any more is removed.
 * Throws the system's error (ENOSPC): the earlier checkpoint stays current.
 */
export function writeCheckpoint(run: RunFolder, checkpoint: Checkpoint, role: CheckpointRole): void {
  const { step, weights, optimizer, evaluations, state } = checkpoint;
  const name = freeName(run, step);
  const folder = join(run.checkpoints, name), own: Pointer = { step, folder: name }, best = role === 'last' ? pointerOf(run, 'best') : own;
  unless(['EEXIST'], () => mkdirSync(run.checkpoints)); // not recursive: a run that was deleted must not come back
  mkdirSync(folder);
  try {
    writeSynced(join(folder, 'weights.safetensors'), weights);
    writeSynced(join(folder, 'optimizer.safetensors'), optimizer);
    writeSynced(join(folder, 'evaluations.safetensors'), evaluations);
    writeSynced(join(folder, 'state.json'), formatJson(state, 2));
    syncFolder(folder);
    if (role !== 'best') atomicWrite(run.last, formatJson({ ...own, ...(best && { best: { step: best.step, folder: best.folder } }) } satisfies Last));
  } catch (error) {
    rmSync(folder, { recursive: true, force: true }); // a full disk needs the room
    throw error;
  }
  if (role !== 'last') atomicWrite(run.best, formatJson(own));
  prune(run);
}

/** Reads the checkpoint that `which` points at; undefined as value when the run has none. `bestByLast`: the best when the last was kept. */
export function readCheckpoint(run: RunFolder, which: 'last' | 'best' | 'bestByLast'): Checked<Checkpoint | undefined> {
  const pointer = which === 'bestByLast' ? lastOf(run)?.best : pointerOf(run, which);
  if (!pointer) return { ok: true, value: undefined, warnings: [] };
  const folder = join(run.checkpoints, pointer.folder);
  try {
    return {
      ok: true, warnings: [],
      value: {
        step: pointer.step,
        weights: readFileSync(join(folder, 'weights.safetensors')),
        optimizer: readFileSync(join(folder, 'optimizer.safetensors')),
        evaluations: unless(['ENOENT'], () => readFileSync(join(folder, 'evaluations.safetensors'))) ?? new Uint8Array(), // of an earlier Thaw: to predict with
        state: JSON.parse(readFileSync(join(folder, 'state.json'), 'utf8')),
      },
    };
  } catch (error) {
    const message = `the ${which === 'last' ? 'last' : 'best'} checkpoint cannot be read: ${error instanceof Error ? error.message : String(error)}`;
    return { ok: false, errors: [{ code: 'bad-weights', severity: 'error', message, where: { file: folder } }], warnings: [] };
  }
}

/** Gives a run without checkpoints what another needs to go on from its last; nothing when it has none. */
export function copyCheckpoints(from: RunFolder, to: RunFolder): void {
  const last = lastOf(from);
  if (!last) return;
  mkdirSync(to.checkpoints);
  for (const folder of new Set([last.folder, ...last.best ? [last.best.folder] : []])) cpSync(join(from.checkpoints, folder), join(to.checkpoints, folder), { recursive: true });
  if (last.best) atomicWrite(to.best, formatJson(last.best));
  atomicWrite(to.last, formatJson(last));
}

interface Pointer {
  readonly step: number;
  readonly folder: string;
}

interface Last extends Pointer {
  readonly best?: Pointer;
}

const pointerFields = { step: whole, folder: matching(/^\d+(-\d+)?$/) }; // a plain name: never out of the run
const pointer = fields<Pointer>(pointerFields), last = fields<Last>({ ...pointerFields, best: optional(pointer) });

const pointerOf = (run: RunFolder, which: 'last' | 'best'): Pointer | undefined => which === 'last' ? lastOf(run) : readPointer(run.best, pointer);
const lastOf = (run: RunFolder): Last | undefined => readPointer(run.last, last);

/** A pointer that is missing or damaged points nowhere: it was replaced atomically, so only other hands can damage it. */
function readPointer<T>(file: string, guard: Guard<T>): T | undefined {
  if (!existsSync(file)) return undefined;
  try {
    const result = parsed(guard, JSON.parse(readFileSync(file, 'utf8')));
    return result.ok ? result.value : undefined;
  } catch {
    return undefined;
  }
}

/** `<step>`, or `<step>-2`, … when a folder of that name is there: it may be the current one. */
function freeName(run: RunFolder, step: number): string {
  for (let copy = 1; ; copy++) {
    const name = copy === 1 ? String(step) : `${step}-${copy}`;
    if (!existsSync(join(run.checkpoints, name))) return name;
  }
}

function prune(run: RunFolder): void {
  const kept = new Set([lastOf(run), lastOf(run)?.best, pointerOf(run, 'best')].map((each) => each?.folder));
  for (const entry of readdirSync(run.checkpoints, { withFileTypes: true })) {
    if (entry.isDirectory() && !kept.has(entry.name)) rmSync(join(run.checkpoints, entry.name), { recursive: true, force: true });
  }
}
