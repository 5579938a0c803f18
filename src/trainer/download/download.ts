/**
 * Fetches a file over HTTP: resumed where it was cut, also by another process after this one was ended; under its final
 * name only when it is whole, verified and on the disk.
 */
import { mkdir, open, readdir, rename, rm, stat, truncate } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { get, HttpProblem, patience as usual, shown, Tries, type Patience } from './http.ts';
import { isAlive } from './isAlive.ts';

export interface DownloadOptions {
  /** Size of the whole file: more is never written. */
  readonly totalBytes: number;
  /** Looks at the whole file before it gets its name: what is wrong with it, or undefined. */
  readonly verify: (file: string) => Promise<string | undefined>;
  /** For the server in the address alone. */
  readonly authorization?: string | undefined;
  readonly patience?: Patience | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onBytes?: ((doneBytes: number) => void) | undefined;
}

/** What came is not what was promised. */
export class WrongContent extends Error {
  override readonly name = 'WrongContent';
}

/**
 * `address` → `file`. Rejects with HttpProblem, WrongContent, the signal's reason, or the system's error (a full disk).
 * What has come so far stays beside `file` for the next attempt, unless it is wrong or the disk is full.
 */
export async function download(address: URL, file: string, options: DownloadOptions): Promise<void> {
  const { verify, signal } = options;
  await mkdir(dirname(file), { recursive: true });
  const part = await adoptPart(file), before = await stat(part).then(({ size }) => size, () => 0);
  if (before > options.totalBytes) await truncate(part);
  await fill(part, address, options).catch(async (error: unknown) => {
    if (isFull(error)) await rm(part, { force: true }); // it would only keep the disk full
    throw error;
  });
  const wrong = await verify(part);
  signal?.throwIfAborted();
  if (wrong === undefined) return rename(part, file);
  await rm(part, { force: true });
  if (before === 0) throw new WrongContent(wrong);
  return download(address, file, options); // what lay there was of something else: once more, from its start
}

/** Appends what is missing to `part`. Where a server knows no ranges, what is there already is passed over. */
async function fill(part: string, address: URL, { totalBytes, authorization, patience = usual, signal, onBytes }: DownloadOptions): Promise<void> {
  const handle = await open(part, 'a'), tries = new Tries(patience, signal);
  try {
    let { size: at } = await handle.stat();
    onBytes?.(at);
    while (at < totalBytes) {
      try {
        const { status, headers, body } = await get(address, { authorization, signal, stallMs: patience.stallMs, ...(at > 0 && { headers: { range: `bytes=${at}-` } }) });
        const start = status === 206 ? Number(/^bytes (\d+)-/.exec(headers['content-range'] ?? '')?.[1]) : 0;
        if (start !== 0 && start !== at) throw new HttpProblem(`${shown(address)} sends another part than was asked for`);
        for await (const chunk of after(body, at - start)) {
          if (at + chunk.length > totalBytes) throw new HttpProblem(`${shown(address)} sends more than it has announced`);
          await handle.appendFile(chunk);
          at += chunk.length;
          tries.progress();
          onBytes?.(at);
        }
        if (at < totalBytes) throw new HttpProblem(`${shown(address)} ended early`, { passing: true });
      } catch (error) {
        await tries.after(error);
      }
    }
    await handle.sync(); // a whole file must survive a power cut
  } finally {
    await handle.close();
  }
}

/** A body without its first `skipBytes`. */
async function* after(body: AsyncIterable<Buffer>, skipBytes: number): AsyncGenerator<Buffer> {
  let skip = skipBytes;
  for await (const chunk of body) {
    const wanted = chunk.subarray(skip);
    skip = Math.max(0, skip - chunk.length);
    if (wanted.length > 0) yield wanted;
  }
}

const isFull = (error: unknown): boolean => error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT');

/**
 * Where this process writes `file` until it is whole: its own part, or the one of a process that is gone, taken over by
 * a rename, which only one can win.
 */
async function adoptPart(file: string): Promise<string> {
  const folder = dirname(file), own = `${file}.${process.pid}.part`, prefix = `${basename(file)}.`;
  for (const name of await readdir(folder)) {
    const owner = name.startsWith(prefix) ? Number(/^(\d+)\.part$/.exec(name.slice(prefix.length))?.[1]) : NaN;
    if (!(owner > 0) || owner === process.pid || isAlive(owner)) continue;
    if (await stat(own).then(() => true, () => false)) await rm(join(folder, name), { force: true });
    else await rename(join(folder, name), own).catch(() => undefined); // another was faster
  }
  return own;
}
