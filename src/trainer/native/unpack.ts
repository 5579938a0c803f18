import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Member } from './pins.ts';
import { BadArchive, openMember, type ZipMember } from './zip.ts';

export interface UnpackOptions {
  readonly signal?: AbortSignal;
  /** Told about a hundred times. */
  readonly onBytes?: (doneBytes: number, totalBytes: number) => void;
}

/** Writes `members` into `folder`, flat, hashing on the way. Returns what is wrong with the first bad one, or undefined. */
export async function unpackMembers(
  archive: FileHandle, directory: ReadonlyMap<string, ZipMember>, members: readonly Member[], folder: string, { signal, onBytes }: UnpackOptions,
): Promise<string | undefined> {
  const totalBytes = members.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  let doneBytes = 0, saidBytes = 0;
  const count = (chunkBytes: number): void => {
    doneBytes += chunkBytes;
    if (doneBytes - saidBytes < totalBytes / 100 && doneBytes < totalBytes) return;
    saidBytes = doneBytes;
    onBytes?.(doneBytes, totalBytes);
  };
  for (const member of members) {
    const wrong = await unpack(archive, directory.get(member.path)!, member, folder, count, signal);
    if (wrong) return wrong;
  }
  return undefined;
}

async function unpack(
  archive: FileHandle, found: ZipMember, { path, sizeBytes, sha256 }: Member, folder: string,
  count: (chunkBytes: number) => void, signal: AbortSignal | undefined,
): Promise<string | undefined> {
  if (found.sizeBytes !== sizeBytes) return `${path} has ${found.sizeBytes} bytes, not ${sizeBytes}`;
  const hash = createHash('sha256');
  let written = 0;
  async function* hashed(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      written += chunk.length;
      if (written > sizeBytes) throw new BadArchive(`${path} unpacks to more than it says`);
      hash.update(chunk);
      count(chunk.length);
      yield chunk;
    }
  }
  const [packed, unpacker] = await openMember(archive, found);
  // Flushed before the folder gets its final name: a whole install must survive a power cut.
  const target = createWriteStream(join(folder, basename(path)), { flush: true });
  await pipeline(packed, unpacker, hashed, target, { ...(signal && { signal }) });
  return hash.digest('hex') === sha256 ? undefined : `${path} is not the file that this version of Thaw knows (its sha256 differs)`;
}
