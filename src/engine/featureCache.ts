/**
 * Keeps what the frozen part of a network makes of each view of each sample, across epochs and runs. Records have one
 * size and lie in segments: `<key>-<number>-<id>.data` behind an index of the same name. A segment has one writer, which
 * appends data first and its index after, so readers need no lock, and what a killed writer left half done was never
 * promised. Every record has a checksum; a damaged one is missing, computed again and then found in a newer segment.
 * `<key>.about` says what the records are. Opening marks segments as used; runs/featureFolder.ts removes the least recent.
 */
import { createHash } from 'node:crypto';
import type { CardInput } from '../backbones/card.ts';
import { Bug } from '../base/bug.ts';
import type { ByteStore } from '../base/byteStore.ts';
import { checksum } from '../base/checksum.ts';
import { limited } from '../base/limited.ts';
import type { FeaturePrecision } from './featureRecord.ts';
import { uniqueId } from '../base/uniqueId.ts';
import type { View } from '../data/sample.ts';
import type { Diagnostic } from '../protocol/diagnostic.ts';
import { decodeIndex, encodeIndexEntry, encodeIndexHeader, viewCode, type IndexEntry } from './featureIndex.ts';

/** All that a cached record depends on, but for the sample and its view. */
export interface CachedContent {
  /** The prefix as onnxGraph writes it, weights and all. */
  readonly model: Uint8Array;
  readonly input: CardInput;
  /** Names the code that decodes and resizes; changes whenever its pixels do. */
  readonly decoder: string;
  readonly precision: FeaturePrecision;
}

/** Content → key: different content never meets in one cache. */
export function featureCacheKey({ model, input, decoder, precision }: CachedContent): string {
  const { height, width, cropShare, interpolation, mean, std } = input;
  const facts = JSON.stringify([height, width, cropShare, interpolation, mean, std, decoder, precision]);
  return createHash('sha256').update(`${facts}\n`).update(model).digest('hex').slice(0, 32);
}

export interface SampleView {
  /** Of the sample's file, 64 hex digits: the same photo is found under any name. */
  readonly sha256: string;
  readonly view: View;
}

export interface FeatureCacheOptions {
  readonly key: string;
  /** What the records are, for a person who looks at the cache: "efficientnet_lite0 up to global_pool, 224 × 224". */
  readonly title: string;
  readonly recordBytes: number;
  /** Told once about damage, however much there is. */
  readonly report: (diagnostic: Diagnostic) => void;
}

/** Written at once when so much has gathered: few appends, and little lost with the process. */
const bufferBytes = 4 << 20;
/** Read at once: bounds memory. Records that are not asked for are read along where that saves a call. */
const rangeBytes = 8 << 20, gapBytes = 128 << 10;
/** Records far apart cost a disk one look each: it is told of several, in its own order. */
const rangesAtOnce = 4;

interface Location { readonly segment: string; readonly record: number }
interface Pending extends SampleView { readonly bytes: Uint8Array }

/** Opens the records with this key that the store has, whoever wrote them. Rejects with the store's error. */
export async function openFeatureCache(store: ByteStore, options: FeatureCacheOptions): Promise<FeatureCache> {
  const { key, recordBytes } = options;
  const segments = (await store.list()).filter((name) => isIndexOf(key, name)).map((name) => name.slice(0, -'.index'.length)).sort();
  const locations = new Map<string, Location & { check: number }>();
  let damaged = 0;
  for (const segment of segments) { // in the order of their numbers: the newer record wins
    const index = await store.read(`${segment}.index`, 0, await store.sizeOf(`${segment}.index`) ?? 0);
    const whole = Math.floor((await store.sizeOf(`${segment}.data`) ?? 0) / recordBytes);
    await store.touch(`${segment}.index`).catch(() => undefined); // a cache that cannot be written can be read
    const decoded = decodeIndex(index, recordBytes), entries = decoded.entries.slice(0, whole);
    const damagedHere = decoded.damaged + decoded.entries.length - entries.length;
    if (damagedHere > 0) await mend(store, segment, entries, recordBytes).catch(() => undefined); // what cannot be written is read as it is
    damaged += damagedHere;
    entries.forEach((entry, record) => {
      if (entry) locations.set(recordName(entry), { segment, record, check: entry.check });
    });
  }
  const number = segments.length === 0 ? 0 : Number(segments.at(-1)!.split('-')[1]) + 1;
  const own = `${key}-${String(number).padStart(6, '0')}-${uniqueId()}`;
  return new FeatureCache(store, options, locations, own, damaged);
}

/** Leaves of an index what is whole, so that damage is told once and not at every opening. What is lost stands as a record of no file. */
async function mend(store: ByteStore, segment: string, entries: readonly (IndexEntry | undefined)[], recordBytes: number): Promise<void> {
  const nobodys: IndexEntry = { sha256: '0'.repeat(64), view: 0, check: 0 };
  await store.remove(`${segment}.index`);
  if (entries.some((entry) => entry)) await store.append(`${segment}.index`, joined([encodeIndexHeader(recordBytes), ...entries.map((entry) => encodeIndexEntry(entry ?? nobodys))]));
  else await store.remove(`${segment}.data`);
}

const isIndexOf = (key: string, name: string): boolean => name.startsWith(`${key}-`) && /^-\d{6}-\w+\.index$/.test(name.slice(key.length));

const recordName = ({ sha256, view }: Pick<IndexEntry, 'sha256' | 'view'>): string => `${sha256} ${view}`;
const nameOf = ({ sha256, view }: SampleView): string => recordName({ sha256, view: viewCode(view) });

export class FeatureCache {
  readonly #store: ByteStore;
  readonly #options: FeatureCacheOptions;
  readonly #locations: Map<string, Location & { check: number }>;
  /** The segment that this process writes; nothing is on disk before the first record. */
  readonly #own: string;
  #ownRecords = 0;
  #pending: Pending[] = [];
  /** Not yet in #locations. */
  readonly #underWay = new Set<string>();
  #written: Promise<void> = Promise.resolve();
  #reported = false;

  constructor(store: ByteStore, options: FeatureCacheOptions, locations: Map<string, Location & { check: number }>, own: string, damaged: number) {
    this.#store = store;
    this.#options = options;
    this.#locations = locations;
    this.#own = own;
    if (damaged > 0) this.#reportDamage();
  }

  has(sha256: string, view: View): boolean {
    const name = nameOf({ sha256, view });
    return this.#locations.has(name) || this.#underWay.has(name);
  }

  /**
   * Keeps one record (copied; on disk after the next flush at the latest). Rejects with the store's error, as does every
   * write after that: the segment's end is unknown then. Reading goes on.
   */
  async write(sha256: string, view: View, bytes: Uint8Array): Promise<void> {
    if (bytes.length !== this.#options.recordBytes) throw new Bug(`a record of ${bytes.length} bytes, not ${this.#options.recordBytes}`);
    if (this.has(sha256, view)) return;
    this.#underWay.add(nameOf({ sha256, view }));
    this.#pending.push({ sha256, view, bytes: new Uint8Array(bytes) });
    if (this.#pending.length * this.#options.recordBytes >= bufferBytes) await this.flush();
  }

  /** Resolves when all records written so far are with the store. */
  flush(): Promise<void> {
    const batch = this.#pending;
    this.#pending = [];
    if (batch.length > 0) this.#written = this.#written.then(() => this.#append(batch)).finally(() => {
      for (const record of batch) this.#underWay.delete(nameOf(record));
    });
    return this.#written;
  }

  async #append(batch: readonly Pending[]): Promise<void> {
    const entries = batch.map(({ sha256, view, bytes }) => ({ sha256, view: viewCode(view), check: checksum(bytes) }));
    if (this.#ownRecords === 0) await this.#writeAbout();
    await this.#store.append(`${this.#own}.data`, joined(batch.map(({ bytes }) => bytes)));
    const header = this.#ownRecords === 0 ? [encodeIndexHeader(this.#options.recordBytes)] : [];
    await this.#store.append(`${this.#own}.index`, joined([...header, ...entries.map(encodeIndexEntry)]));
    for (const entry of entries) {
      this.#locations.set(recordName(entry), { segment: this.#own, record: this.#ownRecords++, check: entry.check });
    }
  }

  async #writeAbout(): Promise<void> {
    const { key, title } = this.#options, name = `${key}.about`;
    if (await this.#store.sizeOf(name) === undefined) await this.#store.append(name, new TextEncoder().encode(title));
  }

  /** Reads the records of `list` that are here, once, and forgets the damaged: `has` is to be trusted for the rest after that. */
  async verify(list: readonly SampleView[]): Promise<void> {
    for (const range of rangesOf(this.#find(list).wanted, this.#options.recordBytes)) await this.#readRange(range);
  }

  /**
   * Fills `into`, one record after the other in the order of `list`. Returns the positions in `list` that are not in the
   * cache, or damaged; their bytes in `into` are left as they were.
   */
  async read(list: readonly SampleView[], into: Uint8Array): Promise<readonly number[]> {
    await this.flush().catch(() => undefined); // a failed write is the writer's to hear, at its next write or flush
    const { recordBytes } = this.#options;
    if (into.length !== list.length * recordBytes) throw new Bug(`${into.length} bytes for ${list.length} records of ${recordBytes}`);
    const { wanted, missing } = this.#find(list);
    const atOnce = limited(rangesAtOnce);
    const lost = await Promise.all(rangesOf(wanted, recordBytes).map((range) => atOnce(() => this.#readRange(range, into))));
    return [...missing, ...lost.flat()].sort((a, b) => a - b);
  }

  #find(list: readonly SampleView[]): { wanted: Wanted[]; missing: number[] } {
    const wanted: Wanted[] = [], missing: number[] = [];
    list.forEach((sample, position) => {
      const location = this.#locations.get(nameOf(sample));
      if (location) wanted.push({ ...location, name: nameOf(sample), position });
      else missing.push(position);
    });
    return { wanted, missing };
  }

  /** Returns the positions that could not be read. Without `into`, only checks. */
  async #readRange(range: readonly Wanted[], into?: Uint8Array): Promise<number[]> {
    const { recordBytes } = this.#options, { segment, record: first } = range[0]!;
    const lengthBytes = (range.at(-1)!.record - first + 1) * recordBytes;
    // A segment that went away or shrank is damage like any other: its records are computed again.
    const bytes = await this.#store.read(`${segment}.data`, first * recordBytes, lengthBytes).catch(() => new Uint8Array(0));
    return range.filter(({ record, check, position, name }) => {
      const found = bytes.subarray((record - first) * recordBytes, (record - first + 1) * recordBytes);
      if (found.length === recordBytes && checksum(found) === check) {
        into?.set(found, position * recordBytes);
        return false;
      }
      this.#locations.delete(name);
      this.#reportDamage();
      return true;
    }).map(({ position }) => position);
  }

  #reportDamage(): void {
    if (this.#reported) return;
    this.#reported = true;
    this.#options.report({
      code: 'cache-corrupt', severity: 'warning', message: 'the feature cache has damaged records',
      fix: 'nothing to do: they are computed again; if it happens often, check the disk',
    });
  }
}

interface Wanted extends Location { readonly check: number; readonly name: string; readonly position: number }

/** Records that lie close together in one segment, in groups to be read at once. */
function rangesOf(wanted: readonly Wanted[], recordBytes: number): Wanted[][] {
  const inOrder = [...wanted].sort((a, b) => a.segment < b.segment ? -1 : a.segment > b.segment ? 1 : a.record - b.record);
  const ranges: Wanted[][] = [];
  for (const item of inOrder) {
    const range = ranges.at(-1), first = range?.[0], last = range?.at(-1);
    const near = first && last && first.segment === item.segment &&
      (item.record - last.record - 1) * recordBytes <= gapBytes && (item.record - first.record + 1) * recordBytes <= rangeBytes;
    if (near) range.push(item);
    else ranges.push([item]);
  }
  return ranges;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
