import type { EngineEntry, EngineOffer, InstalledEngine as Answer, InstallProgress as Told } from '../../protocol/answers.ts';
import type { Checked, Diagnostic } from '../../protocol/diagnostic.ts';
import { monotonicMs } from '../../base/clock.ts';
import { hasNvidiaDriver, installedBuild, listEngines, removeEngines, removeInterrupted, thisPlatform, type EngineCache } from './engineCache.ts';
import { installEngine, type InstallOptions } from './install.ts';
import { Pace } from '../download/pace.ts';
import { archiveBytesOf, builds, diskBytesOf, type EngineBuild } from './pins.ts';

/** `thaw engine install | list | remove`, for the terminal and for the extension (through the trainer's `engine`). */
export interface InstallRequest extends Omit<InstallOptions, 'onProgress'> {
  /** A few times a second at most. */
  readonly onProgress?: (progress: Told) => void;
}

export async function installCommand({ onProgress, ...options }: InstallRequest): Promise<Checked<Answer>> {
  const paces = { fetching: new Pace(), unpacking: new Pace() };
  const installed = await installEngine({
    ...options, onProgress: (progress) => onProgress?.({ ...progress, ...paces[progress.activity].at(monotonicMs(), progress.doneBytes, progress.totalBytes) }),
  });
  if (!installed.ok) return installed;
  const { tensorflow, cuda, folder } = installed.value;
  return { ok: true, value: { title: `TensorFlow ${tensorflow}${cuda ? ' with CUDA' : ''}`, folder }, warnings: installed.warnings };
}

/** What could be installed here: with CUDA first where NVIDIA's driver is. */
export async function engineOffers(cache: EngineCache): Promise<readonly EngineOffer[]> {
  const { platform = thisPlatform, pins = builds } = cache, here = pins[platform] ?? [];
  const first = [here.find(({ cuda }) => cuda === undefined), here.find(({ cuda }) => cuda !== undefined)].filter((build) => build !== undefined);
  const offers = await Promise.all(first.map(async (build): Promise<EngineOffer> => ({
    title: titleOf(build), cuda: build.cuda !== undefined, fetchBytes: archiveBytesOf(build), diskBytes: diskBytesOf(build),
    installed: await installedBuild(build, cache) !== undefined,
  })));
  return hasNvidiaDriver() ? offers.reverse() : offers;
}

const titleOf = ({ tensorflow, cuda }: EngineBuild): string => `TensorFlow ${tensorflow}${cuda === undefined ? '' : ` with CUDA ${cuda}`}`;

/** Those of one version, or all. */
export async function enginesNamed(version: string | undefined, cache: EngineCache): Promise<Checked<readonly EngineEntry[]>> {
  const all = await listEngines(cache), found = version === undefined ? all : all.filter(({ name, tensorflow }) => tensorflow === version || name === version);
  if (found.length > 0 || version === undefined) return { ok: true, value: found, warnings: [] };
  const fix = all.length > 0 ? `there is: ${all.map(({ name }) => name).join(', ')}` : 'none is installed';
  return { ok: false, errors: [{ code: 'engine-missing', severity: 'error', message: `no engine "${version}" is installed`, fix }], warnings: [] };
}

/** `everything`: also what interrupted installs have left. */
export async function removeCommand(cacheDir: string, engines: readonly EngineEntry[], { everything }: { readonly everything: boolean }): Promise<Checked<undefined>> {
  try {
    await removeEngines(cacheDir, engines);
    if (everything) await removeInterrupted(cacheDir);
    return { ok: true, value: undefined, warnings: [] };
  } catch (error) {
    const problem: Diagnostic = { code: 'unwritable', severity: 'error', message: `the engine cannot be removed: ${(error as Error).message}`, fix: 'stop the runs that use it, and check the permissions of the folder' };
    return { ok: false, errors: [problem], warnings: [] };
  }
}
