import { createReadStream, createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { deflateRawSync } from 'node:zlib';

interface Member {
  readonly path: string;
  readonly method: 0 | 8;
  readonly sizeBytes: number;
  readonly packedBytes: number;
}

/** A small zip file, deflated; checksums are left out, as nothing here reads them. */
export function zipFile(members: Readonly<Record<string, Uint8Array>>): Buffer {
  const packed = Object.entries(members).map(([path, data]) => ({ path, method: 8 as const, sizeBytes: data.length, data: deflateRawSync(data) }));
  const listed = packed.map(({ data, ...member }) => ({ ...member, packedBytes: data.length }));
  return Buffer.concat([...packed.flatMap(({ data }, i) => [headerOf(listed[i]!), data]), directoryOf(listed)]);
}

/** Writes a zip file of files too large for memory or for a compressor: stored. */
export async function writeStoredZip(target: string, files: Readonly<Record<string, string>>): Promise<void> {
  const members = await Promise.all(Object.entries(files).map(async ([path, file]): Promise<Member> => {
    const { size } = await stat(file);
    return { path, method: 0, sizeBytes: size, packedBytes: size };
  }));
  await pipeline(async function* () {
    for (const member of members) {
      yield headerOf(member);
      yield* createReadStream(files[member.path]!, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>;
    }
    yield directoryOf(members);
  }, createWriteStream(target));
}

function headerOf({ path }: Member): Buffer {
  const name = Buffer.from(path), header = Buffer.alloc(30);
  header.writeUInt32LE(0x04034b50, 0);
  header.writeUInt16LE(name.length, 26);
  return Buffer.concat([header, name]);
}

/** With the record that ends the file. */
function directoryOf(members: readonly Member[]): Buffer {
  let offset = 0;
  const listed = Buffer.concat(members.map((member) => {
    const name = Buffer.from(member.path), entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(member.method, 10);
    entry.writeUInt32LE(member.packedBytes, 20);
    entry.writeUInt32LE(member.sizeBytes, 24);
    entry.writeUInt16LE(name.length, 28);
    entry.writeUInt32LE(offset, 42);
    offset += 30 + name.length + member.packedBytes;
    return Buffer.concat([entry, name]);
  })), end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(members.length, 10);
  end.writeUInt32LE(listed.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([listed, end]);
}
