/**
 * An archive behind HTTP, read by ranges: only the stretches that are asked for cross the network. A cut connection goes
 * on where it stopped, under the ETag with which it began; so does an install that died, from what it kept on the disk.
 * Where a server knows no ranges, the whole archive is fetched first.
 */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileArchive, type Archive } from './archive.ts';
import { get, HttpProblem, shown, Tries, trying, type Patience, type Reply } from '../download/http.ts';

export interface Fetching {
  /** Of this install; what begins with `keptPrefix` in it may serve a later one. */
  readonly folder: string;
  readonly patience: Patience;
  readonly signal?: AbortSignal | undefined;
  readonly onBytes: (moreBytes: number) => void;
}

export const keptPrefix = 'kept-';

/** Shorter stretches (directories) are not worth a file. */
const worthKeeping = 1 << 20;

/** `mostBytes`: a server that sends more where it knows no ranges is cut off. Rejects with HttpProblem. */
export async function remoteArchive(address: URL, mostBytes: number, fetching: Fetching): Promise<Archive> {
  const first = await trying(fetching, () => ask(address, fetching, 0, 1));
  first.drop();
  if (first.status !== 206) return wholeArchive(address, mostBytes, fetching);
  const sizeBytes = rangeOf(first, address).totalBytes, version = versionOf(first);
  return {
    name: basename(address.pathname), sizeBytes,
    read: (start, end) => stretchOf({ address, sizeBytes, version }, start, end, fetching),
    close: () => Promise.resolve(),
  };
}

/** A small file, whole: an index page. */
export const textAt = (address: URL, mostBytes: number, fetching: Fetching): Promise<{ readonly text: string; readonly address: URL }> =>
  trying(fetching, async () => {
    const reply = await get(address, { signal: fetching.signal, stallMs: fetching.patience.stallMs, headers: { accept: 'text/html' } });
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of reply.body) {
      if ((size += chunk.length) > mostBytes) throw new HttpProblem(`${shown(address)} is longer than any index`);
      chunks.push(chunk);
    }
    return { text: Buffer.concat(chunks).toString('utf8'), address: reply.address };
  });

interface Remote {
  readonly address: URL;
  readonly sizeBytes: number;
  /** ETag, or else the time of the last change: which bytes these are. */
  readonly version: string | undefined;
}

async function* stretchOf({ address, sizeBytes, version }: Remote, start: number, end: number, fetching: Fetching): AsyncGenerator<Buffer> {
  const { folder, patience, signal, onBytes } = fetching, tries = new Tries(patience, signal);
  const kept = version !== undefined && end - start >= worthKeeping ? await keptStretch(join(folder, keptName(address, version, start, end))) : undefined;
  let at = start;
  try {
    if (kept) for await (const chunk of kept.read(end - start)) {
      at += chunk.length;
      onBytes(chunk.length);
      yield chunk;
    }
    while (at < end) {
      try {
        const reply = await ask(address, fetching, at, end, version);
        if (reply.status !== 206 || versionOf(reply) !== version) throw changed(reply, address);
        const range = rangeOf(reply, address);
        if (range.start !== at || range.totalBytes !== sizeBytes) throw changed(reply, address);
        for await (const chunk of reply.body) {
          if (at + chunk.length > end) throw new HttpProblem(`${shown(address)} sends more than it was asked for`);
          await kept?.append(chunk);
          at += chunk.length;
          tries.progress();
          onBytes(chunk.length);
          yield chunk;
        }
        if (at < end) throw new HttpProblem(`${shown(address)} was cut off`, { passing: true });
      } catch (error) {
        await tries.after(error);
      }
    }
  } finally {
    await kept?.close();
  }
}

const ask = (address: URL, { signal, patience: { stallMs } }: Fetching, start: number, end: number, version?: string): Promise<Reply> =>
  get(address, { signal, stallMs, headers: { range: `bytes=${start}-${end - 1}`, ...(version !== undefined && !version.startsWith('W/') && { 'if-range': version }) } });

function rangeOf({ headers, drop }: Reply, address: URL): { readonly start: number; readonly totalBytes: number } {
  const [, start, total] = /^bytes (\d+)-\d+\/(\d+)$/.exec(headers['content-range'] ?? '') ?? [];
  if (total !== undefined) return { start: Number(start), totalBytes: Number(total) };
  drop();
  throw new HttpProblem(`${shown(address)} does not say which range it sends`);
}

const versionOf = ({ headers }: Reply): string | undefined => headers.etag ?? headers['last-modified'];

function changed({ drop }: Reply, address: URL): HttpProblem {
  drop();
  return new HttpProblem(`${shown(address)} has changed while it was fetched`);
}

const keptName = (...facts: readonly (URL | string | number)[]): string => `${keptPrefix}${createHash('sha256').update(facts.join(' ')).digest('hex').slice(0, 16)}`;

interface Kept {
  read(mostBytes: number): AsyncIterable<Buffer>;
  append(chunk: Buffer): Promise<void>;
  close(): Promise<void>;
}

async function keptStretch(path: string): Promise<Kept> {
  const file: FileHandle = await open(path, 'a');
  return {
    read: (mostBytes) => createReadStream(path, { end: mostBytes - 1, highWaterMark: 1 << 20 }),
    append: async (chunk) => { await file.writeFile(chunk); },
    close: () => file.close(),
  };
}

async function wholeArchive(address: URL, mostBytes: number, fetching: Fetching): Promise<Archive> {
  const { folder, signal, patience: { stallMs }, onBytes } = fetching, path = join(folder, `whole-${keptName(address)}`);
  await trying(fetching, async () => {
    const reply = await get(address, { signal, stallMs });
    const expected = reply.headers['content-length'];
    let seen = 0;
    async function* counted(): AsyncGenerator<Buffer> {
      for await (const chunk of reply.body) {
        seen += chunk.length;
        if (seen > mostBytes) throw new HttpProblem(`${shown(address)} is larger than any engine`);
        onBytes(chunk.length);
        yield chunk;
      }
    }
    try {
      await pipeline(counted, createWriteStream(path), { ...(signal && { signal }) });
      if (expected !== undefined && seen !== Number(expected)) throw new HttpProblem(`${shown(address)} was cut off`, { passing: true });
    } catch (error) {
      onBytes(-seen); // it begins anew
      throw error;
    }
  });
  return { ...await fileArchive(path), name: basename(address.pathname) };
}
