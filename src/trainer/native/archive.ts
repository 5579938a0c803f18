import { open, type FileHandle } from 'node:fs/promises';
import { basename } from 'node:path';

/** Bytes of a wheel, jar or engine pack, wherever it lies: on a disk (below) or behind HTTP (remoteArchive.ts). */
export interface Archive {
  /** For sentences. */
  readonly name: string;
  readonly sizeBytes: number;
  /** From `start` up to, not including, `end`, in order. */
  read(start: number, end: number): AsyncIterable<Buffer>;
  close(): Promise<void>;
}

export async function fileArchive(path: string): Promise<Archive> {
  const file = await open(path), { size } = await file.stat();
  return { name: basename(path), sizeBytes: size, read: (start, end) => stretchOf(file, start, end), close: () => file.close() };
}

/** Not a stream: when its reader stops early, that closes the file. */
async function* stretchOf(file: FileHandle, start: number, end: number): AsyncGenerator<Buffer> {
  for (let at = start; at < end;) {
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(Math.min(1 << 20, end - at)), 0, undefined, at);
    if (bytesRead === 0) return;
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}
