/** Where installed engines lie in the user's cache: a folder appears under its final name only when it is whole. */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { EngineEntry } from '../../protocol/answers.ts';
import { nowAt } from '../../base/clock.ts';
import { keptPrefix } from './remoteArchive.ts';
import { builds, nameOf, type EngineBuild, type Member } from './pins.ts';

export interface InstalledEngine {
  readonly folder: string;
  /** The folder in it with TensorFlow's own libraries: our binding must lie beside them. */
  readonly library: string;
  /** Version of TensorFlow. */
  readonly tensorflow: string;
  readonly cuda: boolean;
}

/** Which cache, for which platform, by which pins; the last two differ in tests only. */
export interface EngineCache {
  readonly cacheDir: string;
  readonly platform?: string | undefined;
  readonly pins?: Readonly<Record<string, readonly EngineBuild[]>>;
}

export const thisPlatform = `${process.platform}-${process.arch}`;

/** Whether NVIDIA's driver is there: then an engine with CUDA goes first. */
export const hasNvidiaDriver = (): boolean => process.platform === 'linux' && existsSync('/proc/driver/nvidia/version');

/** The engine in the cache that the next run loads. */
export async function installedEngine(cache: EngineCache): Promise<InstalledEngine | undefined> {
  const { platform = thisPlatform, pins = builds } = cache, cudaFirst = hasNvidiaDriver();
  const order = [...pins[platform] ?? []].sort((a, b) => Number(cudaFirst === (a.cuda === undefined)) - Number(cudaFirst === (b.cuda === undefined)));
  for (const build of order) {
    const found = await installedBuild(build, cache);
    if (found) return found;
  }
  return undefined;
}

/** Whole by the sizes of its files; their hashes were checked when they were written. */
export async function installedBuild(build: EngineBuild, { cacheDir, platform = thisPlatform }: EngineCache): Promise<InstalledEngine | undefined> {
  const folder = join(enginesOf(cacheDir), folderName(build, platform));
  const whole = await Promise.all(build.packages.flatMap(({ members }) => members).map((member) =>
    stat(join(folder, targetOf(build, member))).then(({ size }) => size === member.sizeBytes, () => false)));
  return whole.every(Boolean) ? engineAt(folder, build) : undefined;
}

const engineAt = (folder: string, build: EngineBuild): InstalledEngine => ({
  folder, library: dirname(join(folder, targetOf(build, build.packages[0]!.members[0]!))), tensorflow: build.tensorflow, cuda: build.cuda !== undefined,
});

/**
 * Where a member lies in its engine's folder. Beside NVIDIA's libraries everything keeps the path that it has in its
 * wheel, for so these find each other; alone, TensorFlow's two lie flat.
 */
export const targetOf = ({ cuda }: EngineBuild, { path }: Pick<Member, 'path'>): string => cuda === undefined ? basename(path) : path;

export async function listEngines(cache: EngineCache): Promise<readonly EngineEntry[]> {
  const { cacheDir, platform = thisPlatform, pins = builds } = cache, used = await installedEngine(cache);
  const entries = (await namesIn(enginesOf(cacheDir))).flatMap((name) => {
    const [, tensorflow, of, cuda] = /^tensorflow-(\d[\w.]*)-(.+?)(-cuda)?$/.exec(name) ?? [];
    return tensorflow !== undefined && of !== undefined ? [{ name, tensorflow, platform: of, cuda: cuda !== undefined, folder: join(enginesOf(cacheDir), name) }] : [];
  });
  return Promise.all(entries.map(async (entry): Promise<EngineEntry> => {
    const build = entry.platform === platform ? pins[platform]?.find((each) => folderName(each, platform) === entry.name) : undefined;
    const whole = build && await installedBuild(build, cache);
    return { ...entry, sizeBytes: await sizeOf(entry.folder), state: entry.folder === used?.folder ? 'used' : whole ? 'spare' : build ? 'damaged' : 'unknown' };
  }));
}

/** Frees the disk. A trainer that has the library open keeps it until it ends (on Windows the removal fails). */
export async function removeEngines(cacheDir: string, engines: readonly EngineEntry[]): Promise<void> {
  for (const { folder } of engines) {
    const going = join(enginesOf(cacheDir), `${ownPrefix}${process.pid}-removing-${basename(folder)}`);
    await rename(folder, going); // at once: half an engine is never seen
    await rm(going, { recursive: true, force: true });
  }
}

/** What interrupted installs left for the next: in bytes. */
export const interruptedBytes = async (cacheDir: string): Promise<number> =>
  (await Promise.all((await leftovers(cacheDir)).map((name) => sizeOf(join(enginesOf(cacheDir), name))))).reduce((sum, size) => sum + size, 0);

export async function removeInterrupted(cacheDir: string): Promise<void> {
  for (const name of await leftovers(cacheDir)) await rm(join(enginesOf(cacheDir), name), { recursive: true, force: true });
}

/** Puts the finished folder under its name. Another install may have been faster: then that one stays. */
export async function keepEngine(unpacked: string, build: EngineBuild, { nodeApi, ...cache }: EngineCache & { readonly nodeApi?: number }): Promise<InstalledEngine> {
  const { cacheDir, platform = thisPlatform } = cache, folder = join(enginesOf(cacheDir), folderName(build, platform));
  const facts = { tensorflow: build.tensorflow, packages: build.packages.map(nameOf), ...(build.cuda !== undefined && { cuda: build.cuda }), ...(nodeApi !== undefined && { nodeApi }), installedAt: nowAt() };
  await writeFile(join(unpacked, 'source.json'), `${JSON.stringify(facts, null, 2)}\n`);
  for (let tries = 0; ; tries++) {
    try {
      await rename(unpacked, folder);
      await syncFolder(enginesOf(cacheDir));
      return engineAt(folder, build);
    } catch (error) {
      if (tries > 2 || !['ENOTEMPTY', 'EEXIST', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
      const other = await installedBuild(build, cache);
      if (other) return other;
      await rename(folder, join(dirname(unpacked), `damaged-${tries}`)).catch(() => undefined); // or yet another install did
    }
  }
}

/** A folder of one install, on the cache's own file system for the rename. */
export interface OwnFolder {
  readonly path: string;
  remove(): Promise<void>;
  /** Keeps what was fetched for the next install, and nothing else. */
  keepFetched(): Promise<void>;
}

/** What killed installs left there is taken over: whatever they had fetched, not what they were unpacking. */
export async function ownFolder(cacheDir: string): Promise<OwnFolder> {
  const engines = enginesOf(cacheDir);
  await mkdir(engines, { recursive: true });
  const path = await mkdtemp(join(engines, `${ownPrefix}${process.pid}-`));
  for (const name of await leftovers(cacheDir)) {
    const taken = join(path, name);
    // The rename decides between two installs that see the same leftovers.
    if (!await rename(join(engines, name), taken).then(() => true, () => false)) continue;
    for (const file of await namesIn(taken)) if (file.startsWith(keptPrefix)) await rename(join(taken, file), join(path, file));
    await rm(taken, { recursive: true, force: true });
  }
  return {
    path,
    remove: () => rm(path, { recursive: true, force: true }),
    keepFetched: async () => {
      const names = await namesIn(path);
      for (const name of names) if (!name.startsWith(keptPrefix)) await rm(join(path, name), { recursive: true, force: true });
      if (names.some((name) => name.startsWith(keptPrefix))) await rename(path, join(engines, `${leftPrefix}${basename(path).slice(ownPrefix.length)}`));
      else await rm(path, { recursive: true, force: true });
    },
  };
}

const ownPrefix = 'installing-', leftPrefix = 'interrupted-';

/** Folders of installs that were interrupted or killed. */
async function leftovers(cacheDir: string): Promise<readonly string[]> {
  return (await namesIn(enginesOf(cacheDir))).filter((name) => {
    if (name.startsWith(leftPrefix)) return true;
    const owner = name.startsWith(ownPrefix) ? Number(name.slice(ownPrefix.length).split('-')[0]) : NaN;
    return owner > 0 && owner !== process.pid && !isAlive(owner);
  });
}

const enginesOf = (cacheDir: string): string => join(cacheDir, 'engine');
const folderName = ({ tensorflow, cuda }: EngineBuild, platform: string): string => `tensorflow-${tensorflow}-${platform}${cuda === undefined ? '' : '-cuda'}`;
const namesIn = (folder: string): Promise<string[]> => readdir(folder).catch(() => []);

async function sizeOf(path: string): Promise<number> {
  const names = await readdir(path, { recursive: true }).catch(() => []);
  const sizes = await Promise.all(names.map((name) => stat(join(path, name)).then((found) => found.isFile() ? found.size : 0, () => 0)));
  return sizes.reduce((sum, size) => sum + size, 0);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** So that the rename itself survives a power cut. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return; // a folder cannot be opened there
  const handle = await open(folder);
  await handle.sync().finally(() => handle.close());
}
