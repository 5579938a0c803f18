import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';

export interface Hashes {
  readonly sha256: string;
  /** git's name of it: the sha1 of its size and content. */
  readonly git: string;
  readonly sizeBytes: number;
}

/** Of a file as it is now, read once. */
export async function hashesOf(file: string): Promise<Hashes> {
  const { size: sizeBytes } = await stat(file), sha256 = createHash('sha256'), git = createHash('sha1').update(`blob ${sizeBytes}\0`);
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) {
    sha256.update(chunk as Buffer);
    git.update(chunk as Buffer);
  }
  return { sha256: sha256.digest('hex'), git: git.digest('hex'), sizeBytes };
}
