import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { randomUUID } from 'node:crypto';

/**
 * Replaces a file so that a reader, or the machine after a power cut, sees the old content or the new, never a part.
 * The temporary file is born beside its target because a rename is atomic only within one file system.
 * Synchronous: manifests and pointers are small, and their order relative to the journal matters.
 * Throws the system's error (ENOSPC, EACCES, EROFS) and leaves the target as it was.
 */
export function atomicWrite(target: string, content: string | Uint8Array): void {
  replace(target, content, writeSynced);
  syncFolder(dirname(target));
}

/** The same for readers only, without waiting for the disk: for what a power cut makes meaningless anyway (leases). */
export function atomicSwap(target: string, content: string): void {
  replace(target, content, writeFileSync);
}

/** Writes a new file, whole and on the disk before this returns. Fails when the file is there already. */
export function writeSynced(file: string, content: string | Uint8Array): void {
  const fd = openSync(file, 'wx');
  try {
    writeFully(fd, typeof content === 'string' ? Buffer.from(content) : content);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function replace<T>(target: string, content: T, write: (file: string, content: T) => void): void {
  const temporary = `${target}.${randomUUID().slice(0, 8)}.tmp`;
  try {
    write(temporary, content);
    renameSync(temporary, target);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** A write may take less than it was given (a nearly full disk): the rest is tried again, until the system objects. */
export function writeFully(fd: number, data: Uint8Array): void {
  for (let written = 0; written < data.length;) written += writeSync(fd, data, written);
}

/** Makes created and renamed entries of a folder survive a power cut, where the system can (not on Windows). */
export function syncFolder(folder: string): void {
  if (process.platform === 'win32') return;
  const fd = openSync(folder, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
