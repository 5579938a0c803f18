/** Where installed engines lie in the user's cache: a folder appears under its final name only when it is whole. */
import { mkdir, mkdtemp, open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { nowAt } from '../../base/clock.ts';
import { isPinned, nameOf, sources, type PinnedSource } from './pins.ts';

export interface InstalledEngine {
  readonly folder: string;
  /** Version of TensorFlow. */
  readonly tensorflow: string;
}

/** Which cache, for which platform, by which pins; the last two differ in tests only. */
export interface EngineCache {
  readonly cacheDir: string;
  readonly platform?: string;
  readonly pins?: typeof sources;
}

export const thisPlatform = `${process.platform}-${process.arch}`;

/** The engine in the cache that is whole, by the sizes of its files; their hashes were checked when they were written. */
export async function installedEngine({ cacheDir, platform = thisPlatform, pins = sources }: EngineCache): Promise<InstalledEngine | undefined> {
  for (const source of (pins[platform] ?? []).filter(isPinned)) {
    const folder = folderOf(cacheDir, source, platform);
    const whole = await Promise.all(source.members.map(({ path, sizeBytes }) =>
      stat(join(folder, basename(path))).then(({ size }) => size === sizeBytes, () => false)));
    if (whole.every(Boolean)) return { folder, tensorflow: source.tensorflow };
  }
  return undefined;
}

/** Frees the disk. A trainer that has the library open keeps it until it ends. */
export const removeEngine = (cacheDir: string): Promise<void> => rm(enginesOf(cacheDir), { recursive: true, force: true });

/** Puts the finished folder under its name. Another install may have been faster: then that one stays. */
export async function keepEngine(unpacked: string, source: PinnedSource, cache: EngineCache): Promise<InstalledEngine> {
  const folder = folderOf(cache.cacheDir, source, cache.platform ?? thisPlatform);
  const { tensorflow } = source;
  await writeFile(join(unpacked, 'source.json'), `${JSON.stringify({ package: nameOf(source), tensorflow, installedAt: nowAt() }, null, 2)}\n`);
  const other = await installedEngine(cache);
  if (other?.folder === folder) return other;
  await rm(folder, { recursive: true, force: true }); // damaged, or it would have been found
  await rename(unpacked, folder);
  await syncFolder(enginesOf(cache.cacheDir));
  return { folder, tensorflow };
}

/** On the cache's own file system, for the rename. What killed installs left there is removed. */
export async function temporaryFolder(cacheDir: string): Promise<string> {
  const engines = enginesOf(cacheDir), prefix = 'installing-';
  await mkdir(engines, { recursive: true });
  for (const name of await readdir(engines)) {
    const owner = name.startsWith(prefix) ? Number(name.slice(prefix.length).split('-')[0]) : NaN;
    if (owner > 0 && owner !== process.pid && !isAlive(owner)) await rm(join(engines, name), { recursive: true, force: true });
  }
  return mkdtemp(join(engines, `${prefix}${process.pid}-`));
}

const enginesOf = (cacheDir: string): string => join(cacheDir, 'engine');
const folderOf = (cacheDir: string, { tensorflow }: PinnedSource, platform: string): string => join(enginesOf(cacheDir), `tensorflow-${tensorflow}-${platform}`);

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
