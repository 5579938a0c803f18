/**
 * Reads single members out of a zip file (a wheel, a jar) without unpacking the rest. Format: APPNOTE.TXT 6.3, PKWARE.
 * Left out: zip64, encryption, and methods other than stored and deflated, which these archives do not use.
 */
import { open, type FileHandle } from 'node:fs/promises';
import { createInflateRaw } from 'node:zlib';
import { PassThrough, type Readable, type Transform } from 'node:stream';

export interface ZipMember {
  readonly path: string;
  readonly sizeBytes: number;
  readonly packedBytes: number;
  readonly method: number;
  readonly headerOffset: number;
}

/** The file is no zip, or not all of one. */
export class BadArchive extends Error {
  override readonly name = 'BadArchive';
}

const endSignature = 0x06054b50, entrySignature = 0x02014b50, localSignature = 0x04034b50;
const endBytes = 22, entryBytes = 46, localBytes = 30, longestComment = 65_535;
const zip64 = 0xffffffff;

/** Members by path, from the directory at the file's end: a truncated file has none. */
export async function readDirectory(file: FileHandle): Promise<ReadonlyMap<string, ZipMember>> {
  const { size } = await file.stat();
  const tailBytes = Math.min(size, endBytes + longestComment);
  const tail = await bytesAt(file, size - tailBytes, tailBytes);
  let end = tail.length - endBytes;
  while (end >= 0 && tail.readUInt32LE(end) !== endSignature) end--;
  if (end < 0) throw new BadArchive('it has no zip directory at its end: it is cut off, or no archive');
  const count = tail.readUInt16LE(end + 10), directoryBytes = tail.readUInt32LE(end + 12), start = tail.readUInt32LE(end + 16);
  if (start === zip64) throw new BadArchive('it is a zip64 archive');
  if (start + directoryBytes > size) throw new BadArchive('its directory points beyond its end');
  return entriesOf(await bytesAt(file, start, directoryBytes), count);
}

function entriesOf(directory: Buffer, count: number): ReadonlyMap<string, ZipMember> {
  const members = new Map<string, ZipMember>();
  for (let at = 0, i = 0; i < count; i++) {
    if (at + entryBytes > directory.length || directory.readUInt32LE(at) !== entrySignature) throw new BadArchive('its directory is damaged');
    const pathBytes = directory.readUInt16LE(at + 28);
    const path = directory.toString('utf8', at + entryBytes, at + entryBytes + pathBytes);
    members.set(path, {
      path, method: directory.readUInt16LE(at + 10), packedBytes: directory.readUInt32LE(at + 20),
      sizeBytes: directory.readUInt32LE(at + 24), headerOffset: directory.readUInt32LE(at + 42),
    });
    at += entryBytes + pathBytes + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
  }
  return members;
}

/** The member's bytes, unpacked on the way: [packed stream, unpacker], for a pipeline. */
export async function openMember(file: FileHandle, { path, method, packedBytes, headerOffset }: ZipMember): Promise<[Readable, Transform]> {
  const header = await bytesAt(file, headerOffset, localBytes);
  if (header.readUInt32LE(0) !== localSignature) throw new BadArchive(`"${path}" is not where its directory says`);
  if (method !== 0 && method !== 8) throw new BadArchive(`"${path}" is packed by method ${method}`);
  const start = headerOffset + localBytes + header.readUInt16LE(26) + header.readUInt16LE(28);
  const packed = file.createReadStream({ start, end: start + packedBytes - 1, autoClose: false, highWaterMark: 1 << 20 });
  return [packed, method === 8 ? createInflateRaw({ chunkSize: 1 << 18 }) : new PassThrough()];
}

async function bytesAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await file.read(buffer, 0, length, position);
  if (bytesRead < length) throw new BadArchive('it ends too early');
  return buffer;
}

/** Runs `use` on the open file and closes it, whatever happens. */
export async function withFile<T>(path: string, use: (file: FileHandle) => Promise<T>): Promise<T> {
  const file = await open(path);
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}
