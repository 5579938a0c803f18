/**
 * Installs TensorFlow's C library into the user's cache, from wherever its packages can be had: only the pinned members
 * are unpacked, each checked by hash. A folder appears under its final name only when it is whole, so an install that
 * was interrupted never counts; what it fetched until then serves the next one.
 */
import { mkdtemp, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { Refused, type Checked, type Diagnostic } from '../../protocol/diagnostic.ts';
import { clientSource } from './clientSource.ts';
import { installedBuild, keepEngine, ownFolder, targetOf, thisPlatform, type EngineCache, type InstalledEngine } from './engineCache.ts';
import { packManifest, type PackManifest } from './enginePack.ts';
import { fileSource } from './fileSource.ts';
import { patience, type Patience } from '../download/http.ts';
import { concernsAll, isInterruption, problemsOf, tooLittleSpace, unsupported } from './installProblems.ts';
import type { FetchOptions } from './packageClients.ts';
import { builds as pinned, diskBytesOf, nameOf, type EngineBuild, type Package } from './pins.ts';
import type { Opened, Source } from './source.ts';
import { unpackMembers } from './unpack.ts';
import { urlSource } from './urlSource.ts';

export interface InstallProgress {
  readonly activity: 'fetching' | 'unpacking';
  readonly doneBytes: number;
  readonly totalBytes: number;
}

export interface InstallOptions extends EngineCache {
  /** A build with NVIDIA's libraries beside it. */
  readonly cuda?: boolean;
  /** A wheel, jar or pack at hand, or a folder of them: then nothing else is asked. */
  readonly from?: string | undefined;
  /** An address of a pack or a package index: then the package clients are not asked. */
  readonly source?: string | undefined;
  readonly onProgress?: (progress: InstallProgress) => void;
  /** Cancelling rejects with its reason and leaves nothing behind. */
  readonly signal?: AbortSignal | undefined;
  /** Other ways to call the package clients, less patience with servers, another disk: for tests. */
  readonly commands?: FetchOptions['commands'];
  readonly patience?: Patience;
  readonly freeBytes?: (folder: string) => Promise<number>;
}

/** Installs unless it is there already. */
export async function installEngine(options: InstallOptions): Promise<Checked<InstalledEngine>> {
  const { cacheDir, platform = thisPlatform, cuda = false, from, signal } = options;
  const builds = (options.pins ?? pinned)[platform]?.filter((build) => (build.cuda !== undefined) === cuda) ?? [];
  const present = await firstOf(builds, (build) => installedBuild(build, { ...options, platform }));
  if (present) return done(present);
  if (builds.length === 0) return refused([unsupported(platform, cuda)]);
  let folder: Awaited<ReturnType<typeof ownFolder>> | undefined;
  try {
    folder = await ownFolder(cacheDir);
    const installed = await firstBuild(builds, folder.path, { ...options, platform });
    await folder.remove();
    return installed;
  } catch (error) {
    if (isInterruption(error) && !signal?.aborted) await folder?.keepFetched();
    else await folder?.remove();
    signal?.throwIfAborted();
    return refused(problemsOf(error, { cacheDir, from }));
  }
}

type Complete = InstallOptions & { readonly platform: string };

async function firstBuild(builds: readonly EngineBuild[], folder: string, options: Complete): Promise<Checked<InstalledEngine>> {
  const { cacheDir, from, signal } = options, problems: Diagnostic[] = [];
  const meter = new Meter(options.onProgress), source = sourceFor(options, folder, meter);
  try {
    for (const build of builds) {
      try {
        const installed = await installBuild(build, source, folder, meter, options);
        if (installed) return done(installed);
      } catch (error) {
        signal?.throwIfAborted();
        if (concernsAll(error)) throw error;
        problems.push(...problemsOf(error, { cacheDir, from }));
      }
    }
    return refused(problems.length > 0 ? problems : [source.lacks(builds)]);
  } finally {
    await source.close();
  }
}

function sourceFor({ from, source, signal, commands, platform, patience: how = patience }: Complete, folder: string, meter: Meter): Source {
  const onBytes = (more: number): void => meter.add('fetching', more);
  if (from !== undefined) return fileSource(from);
  if (source !== undefined) return urlSource(source, platform, { folder, signal, patience: how, onBytes });
  return clientSource({ folder, signal, onBytes, ...(commands && { commands }) });
}

/** Undefined when the source does not have all of its packages. */
async function installBuild(build: EngineBuild, source: Source, folder: string, meter: Meter, options: Complete): Promise<InstalledEngine | undefined> {
  const { platform, signal } = options, unpacked = await mkdtemp(join(folder, 'unpacked-'));
  const fetchBytes = build.packages.reduce((sum, each) => sum + source.fetchBytesOf(each), 0);
  await checkSpace(folder, diskBytesOf(build) + Math.max(0, ...build.packages.map((each) => source.fetchBytesOf(each))), options);
  meter.begin({ fetching: fetchBytes, unpacking: diskBytesOf(build) });
  let manifest: PackManifest | undefined;
  for (const each of build.packages) {
    signal?.throwIfAborted();
    const opened = await source.open(each, build);
    if (!opened) return undefined;
    try {
      if (!opened.local) meter.fetches(packedBytesOf(opened, each) - source.fetchBytesOf(each)); // a pack may be compressed otherwise than the package
      const how = { signal, fix: `give ${nameOf(each)}, unchanged`, onBytes: (more: number) => opened.local && meter.add('unpacking', more) };
      manifest ??= await packManifest(opened, platform);
      await unpackMembers(opened, each.members.map((member) => ({ ...member, target: targetOf(build, member) })), unpacked, how);
      if (manifest && each === build.packages[0]) await unpackMembers(opened, [{ ...manifest.binding, target: 'tfjs_binding.node' }], unpacked, { ...how, onBytes: () => undefined });
    } finally {
      await opened.release();
    }
  }
  return keepEngine(unpacked, build, { ...options, ...(manifest && { nodeApi: manifest.nodeApi }) });
}

const packedBytesOf = ({ directory }: Opened, { members }: Package): number => members.reduce((sum, { path }) => sum + directory.get(path)!.packedBytes, 0);

async function checkSpace(folder: string, neededBytes: number, { freeBytes = freeBytesAt }: Complete): Promise<void> {
  const free = await freeBytes(folder);
  if (free < neededBytes) throw new Refused([tooLittleSpace(neededBytes, free)]);
}

async function freeBytesAt(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/** Counts bytes of each activity over all packages and tells about a hundred times. */
class Meter {
  readonly #tell: ((progress: InstallProgress) => void) | undefined;
  #totals: Readonly<Record<InstallProgress['activity'], number>> = { fetching: 0, unpacking: 0 };
  #done = { fetching: 0, unpacking: 0 };
  #told = { fetching: 0, unpacking: 0 };

  constructor(tell: ((progress: InstallProgress) => void) | undefined) {
    this.#tell = tell;
  }

  begin(totals: Readonly<Record<InstallProgress['activity'], number>>): void {
    this.#totals = totals;
    this.#done = { fetching: 0, unpacking: 0 };
    this.#told = { fetching: 0, unpacking: 0 };
  }

  /** It turns out to be so many bytes more, or less. */
  fetches(moreBytes: number): void {
    this.#totals = { ...this.#totals, fetching: this.#totals.fetching + moreBytes };
  }

  add(activity: InstallProgress['activity'], moreBytes: number): void {
    const done = this.#done[activity] += moreBytes, totalBytes = Math.max(this.#totals[activity], done);
    if (Math.abs(done - this.#told[activity]) < totalBytes / 200 && done < totalBytes) return;
    this.#told[activity] = done;
    this.#tell?.({ activity, doneBytes: done, totalBytes });
  }
}

async function firstOf<A, B>(items: readonly A[], look: (item: A) => Promise<B | undefined>): Promise<B | undefined> {
  for (const item of items) {
    const found = await look(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

const done = (value: InstalledEngine): Checked<InstalledEngine> => ({ ok: true, value, warnings: [] });
const refused = (errors: readonly Diagnostic[]): Checked<InstalledEngine> => ({ ok: false, errors, warnings: [] });
