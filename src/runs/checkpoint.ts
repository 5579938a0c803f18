import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Checked } from '../protocol/diagnostic.ts';
import type { RunFolder } from './runFolder.ts';
import { atomicWrite, syncFolder, writeSynced } from './atomicWrite.ts';
import { fields, matching, parsed, whole } from '../protocol/shape.ts';
import { formatJson } from '../protocol/jsonText.ts';
import { unless } from './systemError.ts';

/** What a run needs to go on as if it had not stopped. Tensors are safetensors files; the caller encodes and decodes. */
export interface Checkpoint {
  readonly step: number;
  readonly weights: Uint8Array;
  /** Moments by parameter name. */
  readonly optimizer: Uint8Array;
  /** Stage, epoch, data cursor, random streams, the trainable set: JSON, the trainer's own business. */
  readonly state: unknown;
}

/**
 * Keeps `checkpoint` as the run's last, and as its best when it is.
 * Weights go to a new folder and reach the disk; only then does last.json point at it. After a power cut the old
 * checkpoint is current, or the new one, never half of one. What neither pointer names any more is removed.
 * Throws the system's error (ENOSPC): the earlier checkpoint stays current.
 */
export function writeCheckpoint(run: RunFolder, checkpoint: Checkpoint, best: boolean): void {
  const { step, weights, optimizer, state } = checkpoint;
  const name = freeName(run, step);
  const folder = join(run.checkpoints, name);
  unless(['EEXIST'], () => mkdirSync(run.checkpoints)); // not recursive: a run that was deleted must not come back
  mkdirSync(folder);
  try {
    writeSynced(join(folder, 'weights.safetensors'), weights);
    writeSynced(join(folder, 'optimizer.safetensors'), optimizer);
    writeSynced(join(folder, 'state.json'), formatJson(state, 2));
    syncFolder(folder);
    atomicWrite(run.last, formatJson({ step, folder: name }));
  } catch (error) {
    rmSync(folder, { recursive: true, force: true }); // a full disk needs the room
    throw error;
  }
  if (best) atomicWrite(run.best, formatJson({ step, folder: name }));
  prune(run);
}

/** Reads the checkpoint that `which` points at; undefined as value when the run has none. */
export function readCheckpoint(run: RunFolder, which: 'last' | 'best'): Checked<Checkpoint | undefined> {
  const pointer = pointerOf(run, which);
  if (!pointer) return { ok: true, value: undefined, warnings: [] };
  const folder = join(run.checkpoints, pointer.folder);
  try {
    return {
      ok: true, warnings: [],
      value: {
        step: pointer.step,
        weights: readFileSync(join(folder, 'weights.safetensors')),
        optimizer: readFileSync(join(folder, 'optimizer.safetensors')),
        state: JSON.parse(readFileSync(join(folder, 'state.json'), 'utf8')),
      },
    };
  } catch (error) {
    const message = `the ${which} checkpoint cannot be read: ${error instanceof Error ? error.message : String(error)}`;
    return { ok: false, errors: [{ code: 'bad-weights', severity: 'error', message, where: { file: folder } }], warnings: [] };
  }
}

const pointer = fields<{ step: number; folder: string }>({
  step: whole,
  folder: matching(/^\d+(-\d+)?$/), // a plain name: never out of the run
});

/** A pointer that is missing or damaged points nowhere: it was replaced atomically, so only other hands can damage it. */
function pointerOf(run: RunFolder, which: 'last' | 'best'): { step: number; folder: string } | undefined {
  if (!existsSync(run[which])) return undefined;
  try {
    const result = parsed(pointer, JSON.parse(readFileSync(run[which], 'utf8')));
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
  const kept = new Set([pointerOf(run, 'last')?.folder, pointerOf(run, 'best')?.folder]);
  for (const entry of readdirSync(run.checkpoints, { withFileTypes: true })) {
    if (entry.isDirectory() && !kept.has(entry.name)) rmSync(join(run.checkpoints, entry.name), { recursive: true, force: true });
  }
}
