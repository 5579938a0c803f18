/**
 * Reads single members out of a zip file (a wheel, a jar, an engine pack) without the rest of it: its directory, then
 * one stretch of bytes per member. Format: APPNOTE.TXT 6.3, PKWARE. Left out: zip64, encryption, and methods other than
 * stored and deflated, which these archives do not use.
 */
import { createInflateRaw } from 'node:zlib';
import { PassThrough, type Transform } from 'node:stream';
import type { Archive } from './archive.ts';

export interface ZipMember {
  readonly path: string;
  readonly sizeBytes: number;
  readonly packedBytes: number;
  readonly method: number;
  /** Where its header begins, and where whatever follows its data does. */
  readonly start: number;
  readonly end: number;
}

export type ZipDirectory = ReadonlyMap<string, ZipMember>;

/** The file is no zip, or not all of one. */
export class BadArchive extends Error {
  override readonly name = 'BadArchive';
}

const endSignature = 0x06054b50, entrySignature = 0x02014b50, localSignature = 0x04034b50;
const endBytes = 22, entryBytes = 46, localBytes = 30, longestComment = 65_535;
const zip64 = 0xffffffff;
/** 65,535 entries with long paths. Whoever says more lies, and shall not get that memory. */
const longestDirectory = 32 << 20;

/** Members by path, from the directory at the archive's end: a truncated one has none. */
export async function readDirectory(archive: Archive): Promise<ZipDirectory> {
  const { sizeBytes } = archive, tailStart = Math.max(0, sizeBytes - endBytes - longestComment);
  const tail = await bytesOf(archive, tailStart, sizeBytes);
  let end = tail.length - endBytes;
  while (end >= 0 && tail.readUInt32LE(end) !== endSignature) end--;
  if (end < 0) throw new BadArchive('it has no zip directory at its end: it is cut off, or no archive');
  const count = tail.readUInt16LE(end + 10), directoryBytes = tail.readUInt32LE(end + 12), start = tail.readUInt32LE(end + 16);
  if (start === zip64) throw new BadArchive('it is a zip64 archive');
  if (start + directoryBytes > tailStart + end || directoryBytes > longestDirectory) throw new BadArchive('its directory points beyond its end');
  const directory = start >= tailStart ? tail.subarray(start - tailStart, start - tailStart + directoryBytes) : await bytesOf(archive, start, start + directoryBytes);
  return membersIn(directory, count, start);
}

function membersIn(directory: Buffer, count: number, directoryStart: number): ZipDirectory {
  const members = new Map<string, ZipMember>(), starts: number[] = [directoryStart];
  for (let at = 0, i = 0; i < count; i++) {
    if (at + entryBytes > directory.length || directory.readUInt32LE(at) !== entrySignature) throw new BadArchive('its directory is damaged');
    const pathBytes = directory.readUInt16LE(at + 28), start = directory.readUInt32LE(at + 42);
    const path = directory.toString('utf8', at + entryBytes, at + entryBytes + pathBytes);
    starts.push(start);
    members.set(path, { path, method: directory.readUInt16LE(at + 10), packedBytes: directory.readUInt32LE(at + 20), sizeBytes: directory.readUInt32LE(at + 24), start, end: start });
    at += entryBytes + pathBytes + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
  }
  starts.sort((a, b) => a - b);
  const following = new Map(starts.map((start, i) => [start, starts[i + 1] ?? directoryStart]));
  return new Map([...members].map(([path, member]) => [path, { ...member, end: Math.min(following.get(member.start)!, directoryStart) }]));
}

/** The member's bytes and what unpacks them, for a pipeline. */
export function openMember(archive: Archive, member: ZipMember): [packed: AsyncIterable<Buffer>, unpacker: Transform] {
  const { path, method } = member;
  if (method !== 0 && method !== 8) throw new BadArchive(`"${path}" is packed by method ${method}`);
  return [packedBytesOf(archive, member), method === 8 ? createInflateRaw({ chunkSize: 1 << 18 }) : new PassThrough()];
}

/** One stretch is read, header and data: behind HTTP that is one request. */
async function* packedBytesOf(archive: Archive, { path, start, end, packedBytes }: ZipMember): AsyncGenerator<Buffer> {
  let header: Buffer = Buffer.alloc(0), left = packedBytes, inData = false;
  for await (const chunk of archive.read(start, end)) {
    let data = chunk;
    if (!inData) {
      header = Buffer.concat([header, chunk]);
      if (header.length < localBytes) continue;
      if (header.readUInt32LE(0) !== localSignature) throw new BadArchive(`"${path}" is not where its directory says`);
      const headerBytes = localBytes + header.readUInt16LE(26) + header.readUInt16LE(28);
      if (header.length < headerBytes) continue;
      inData = true;
      data = header.subarray(headerBytes);
    }
    if (data.length > 0 && left > 0) yield data.subarray(0, left);
    left -= Math.min(left, data.length);
    if (left === 0) return;
  }
  if (!inData || left > 0) throw new BadArchive('it ends too early');
}

/** A small stretch, whole. */
export async function bytesOf(archive: Archive, start: number, end: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  if (end > start) for await (const chunk of archive.read(start, end)) chunks.push(chunk);
  const all = Buffer.concat(chunks);
  if (all.length < end - start) throw new BadArchive('it ends too early');
  return all;
}
