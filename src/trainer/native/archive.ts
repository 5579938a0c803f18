import { open } from 'node:fs/promises';
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
  return {
    name: basename(path), sizeBytes: size, close: () => file.close(),
    read: (start, end) => file.createReadStream({ start, end: end - 1, autoClose: false, highWaterMark: 1 << 20 }),
  };
}
