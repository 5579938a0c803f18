import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { failed } from './installProblems.ts';
import type { Member } from './pins.ts';
import { Refused } from '../../protocol/diagnostic.ts';
import type { Opened } from './source.ts';
import { BadArchive, openMember } from './zip.ts';

/** Where a member lies in the folder of an engine. */
export interface Wanted extends Pick<Member, 'path' | 'sizeBytes' | 'sha256'> {
  readonly target: string;
}

export interface UnpackOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onBytes: (moreBytes: number) => void;
  /** What to do about a file that is not the pinned one. */
  readonly fix: string;
}

/** Writes members into `folder`, hashing on the way. Throws Refused when one is not what it has to be. */
export async function unpackMembers({ archive, directory }: Opened, members: readonly Wanted[], folder: string, { signal, onBytes, fix }: UnpackOptions): Promise<void> {
  const refuse = (what: string): Refused => new Refused([failed(`${archive.name}: ${what}`, fix)]);
  for (const { path, sizeBytes, sha256, target } of members) {
    const found = directory.get(path)!;
    if (found.sizeBytes !== sizeBytes) throw refuse(`${path} has ${found.sizeBytes} bytes, not ${sizeBytes}`);
    const hash = createHash('sha256'), file = join(folder, target);
    let written = 0;
    async function* hashed(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
      for await (const chunk of chunks) {
        written += chunk.length;
        if (written > sizeBytes) throw new BadArchive(`${path} unpacks to more than it says`);
        hash.update(chunk);
        onBytes(chunk.length);
        yield chunk;
      }
    }
    const [packed, unpacker] = openMember(archive, found);
    await mkdir(dirname(file), { recursive: true });
    // Flushed before the folder gets its final name: a whole install must survive a power cut.
    await pipeline(packed, unpacker, hashed, createWriteStream(file, { flush: true }), { ...(signal && { signal }) });
    if (hash.digest('hex') !== sha256) throw refuse(`${path} is not the file that this version of Thaw knows (its sha256 differs)`);
  }
}
