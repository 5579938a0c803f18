/**
 * The index of one segment of the feature cache: which sample and view each record is of. 16 bytes of header
 * (magic, version, bytes per record, checksum), then 44 per record, in the order of the records:
 * sha256 (32) · view · checksum of the record · checksum of this entry; little-endian.
 */
import type { View } from '../data/sample.ts';
import { checksum } from '../base/checksum.ts';

export interface IndexEntry {
  /** Of the sample's file, 64 hex digits. */
  readonly sha256: string;
  /** viewCode of its view. */
  readonly view: number;
  /** Of the record's bytes. */
  readonly check: number;
}

const magic = 0x57414854; // "THAW"
const version = 1;
export const headerBytes = 16, entryBytes = 44;

/** 32 bits: 0 and 1, or 24 of a checksum of the recipe and 8 of the draw; two recipes of one run share them once in 16 million. */
export function viewCode(view: View): number {
  if (view === 'centre' || view === 'flip') return view === 'centre' ? 0 : 1;
  const [recipe, draw] = view.split('#');
  return ((checksum(new TextEncoder().encode(recipe)) | 1) << 8 | Number(draw) & 0xff) >>> 0;
}

export function encodeIndexHeader(recordBytes: number): Uint8Array {
  const header = new Uint8Array(headerBytes);
  new Uint32Array(header.buffer).set([magic, version, recordBytes]);
  return sealed(header);
}

export function encodeIndexEntry({ sha256, view, check }: IndexEntry): Uint8Array {
  const entry = new Uint8Array(entryBytes);
  for (let i = 0; i < 32; i++) entry[i] = parseInt(sha256.slice(2 * i, 2 * i + 2), 16);
  new Uint32Array(entry.buffer).set([view, check], 8);
  return sealed(entry);
}

export interface DecodedIndex {
  /** By record number; undefined where an entry is damaged. */
  readonly entries: readonly (IndexEntry | undefined)[];
  /** Damaged entries and a torn tail; a damaged header counts 1 and hides all entries. */
  readonly damaged: number;
}

export function decodeIndex(bytes: Uint8Array<ArrayBuffer>, recordBytes: number): DecodedIndex {
  const header = bytes.subarray(0, headerBytes);
  if (String(header) !== String(encodeIndexHeader(recordBytes))) return { entries: [], damaged: 1 };
  const entries: (IndexEntry | undefined)[] = [];
  let at = headerBytes;
  for (; at + entryBytes <= bytes.length; at += entryBytes) entries.push(decodeEntry(bytes.subarray(at, at + entryBytes)));
  return { entries, damaged: entries.filter((entry) => entry === undefined).length + (at < bytes.length ? 1 : 0) };
}

function decodeEntry(entry: Uint8Array<ArrayBuffer>): IndexEntry | undefined {
  if (!isSealed(entry)) return undefined;
  const numbers = new DataView(entry.buffer, entry.byteOffset);
  return { sha256: Buffer.from(entry.subarray(0, 32)).toString('hex'), view: numbers.getUint32(32, true), check: numbers.getUint32(36, true) };
}

/** The last four bytes are the checksum of those before. */
function sealed(bytes: Uint8Array<ArrayBuffer>): Uint8Array {
  new DataView(bytes.buffer).setUint32(bytes.length - 4, checksum(bytes.subarray(0, -4)), true);
  return bytes;
}

const isSealed = (bytes: Uint8Array): boolean =>
  new DataView(bytes.buffer, bytes.byteOffset).getUint32(bytes.length - 4, true) === checksum(bytes.subarray(0, -4));
