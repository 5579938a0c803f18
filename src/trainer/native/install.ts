/**
 * Installs TensorFlow's C library into the user's cache: fetched by a package client or taken from a file at hand, only
 * the pinned members unpacked, each checked by hash. A folder appears under its final name only when it is whole, so
 * an install that was interrupted never counts.
 */
import { mkdtemp, rm, statfs } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Checked, Diagnostic } from '../../protocol/diagnostic.ts';
import { installedEngine, keepEngine, temporaryFolder, thisPlatform, type EngineCache, type InstalledEngine } from './engineCache.ts';
import { failed, noClient, systemProblem, tooLittleSpace, unsupported } from './installProblems.ts';
import { fetchPackage, type FetchOptions } from './packageClients.ts';
import { isPinned, nameOf, sources, type PinnedSource } from './pins.ts';
import { unpackMembers, type UnpackOptions } from './unpack.ts';
import { BadArchive, readDirectory, withFile } from './zip.ts';

export interface InstallProgress {
  readonly activity: 'fetching' | 'unpacking';
  readonly doneBytes: number;
  readonly totalBytes: number;
}

export interface InstallOptions extends EngineCache {
  /** A wheel or jar at hand, instead of a package client. */
  readonly from?: string;
  readonly onProgress?: (progress: InstallProgress) => void;
  /** Cancelling rejects with its reason and leaves nothing behind. */
  readonly signal?: AbortSignal;
  /** Other ways to call the package clients, for tests. */
  readonly commands?: FetchOptions['commands'];
}

/** Installs unless it is there already. */
export async function installEngine(options: InstallOptions): Promise<Checked<InstalledEngine>> {
  const { cacheDir, platform = thisPlatform, pins = sources } = options;
  const present = await installedEngine(options);
  if (present) return done(present);
  const candidates = (pins[platform] ?? []).filter(isPinned);
  if (candidates.length === 0) return refused(unsupported(platform, pins[platform] ?? []));
  try {
    const temporary = await temporaryFolder(cacheDir);
    try {
      return options.from === undefined ? await fromClients(candidates, temporary, options) : await fromFile(options.from, candidates, temporary, options);
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
  } catch (error) {
    options.signal?.throwIfAborted();
    return refused(systemProblem(error as NodeJS.ErrnoException, cacheDir));
  }
}

async function fromClients(candidates: readonly PinnedSource[], temporary: string, options: InstallOptions): Promise<Checked<InstalledEngine>> {
  const problems: Diagnostic[] = [];
  for (const source of candidates) {
    const short = await missingSpace(temporary, source);
    if (short) return refused(short);
    const folder = await mkdtemp(join(temporary, 'package-'));
    const fetched = await fetchPackage(source, folder, {
      ...(options.signal && { signal: options.signal }), ...(options.commands && { commands: options.commands }),
      // Clients copy the finished file once more: what lies there may be twice its size for a moment.
      onBytes: (bytes) => options.onProgress?.({ activity: 'fetching', doneBytes: Math.min(bytes, source.archiveBytes), totalBytes: source.archiveBytes }),
    });
    if (fetched.kind === 'no-client') continue;
    if (fetched.kind === 'fetched') {
      const unpacked = await fromFile(fetched.file, [source], temporary, options);
      if (unpacked.ok) return unpacked;
      problems.push(...unpacked.errors);
    } else {
      problems.push(failed(`${fetched.command} could not fetch ${source.package} ${source.version}: ${fetched.why}`, `fetch it elsewhere and run \`thaw engine install --from <file>\``));
    }
    await rm(folder, { recursive: true, force: true });
  }
  return refused(...(problems.length > 0 ? problems : [noClient(candidates)]));
}

async function fromFile(file: string, candidates: readonly PinnedSource[], temporary: string, options: InstallOptions): Promise<Checked<InstalledEngine>> {
  try {
    return await withFile(file, async (archive) => {
      const directory = await readDirectory(archive);
      const source = candidates.find(({ members }) => members.every(({ path }) => directory.has(path)));
      if (!source) return refused(failed(`${basename(file)} holds no TensorFlow library of a known package`, `give one of: ${candidates.map(nameOf).join('; ')}`));
      const folder = await mkdtemp(join(temporary, 'unpacked-'));
      const wrong = await unpackMembers(archive, directory, source.members, folder, unpackOptions(options));
      if (wrong) return refused(failed(`${basename(file)}: ${wrong}`, `give ${nameOf(source)}, unchanged`));
      return done(await keepEngine(folder, source, options));
    });
  } catch (error) {
    options.signal?.throwIfAborted();
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOSPC') throw error;
    const what = code === 'ENOENT' ? 'there is no such file' : error instanceof BadArchive || code?.startsWith('Z_') ? `cannot be unpacked: ${message}` : message;
    return refused({ ...failed(`${basename(file)}: ${what}`, 'fetch it again'), where: { file } });
  }
}

const unpackOptions = ({ onProgress, signal }: InstallOptions): UnpackOptions => ({
  ...(signal && { signal }), onBytes: (doneBytes, totalBytes) => onProgress?.({ activity: 'unpacking', doneBytes, totalBytes }),
});

async function missingSpace(folder: string, { archiveBytes, members }: PinnedSource): Promise<Diagnostic | undefined> {
  const neededBytes = members.reduce((sum, { sizeBytes }) => sum + sizeBytes, archiveBytes);
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize >= neededBytes ? undefined : tooLittleSpace(neededBytes, bavail * bsize);
}

const done = (value: InstalledEngine): Checked<InstalledEngine> => ({ ok: true, value, warnings: [] });
const refused = (...errors: Diagnostic[]): Checked<InstalledEngine> => ({ ok: false, errors, warnings: [] });
