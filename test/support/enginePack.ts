import { mkdtemp, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { userCacheFolder } from '../../src/base/environment.ts';
import { bindingFile } from '../../scripts/buildBinding.mjs';
import { run } from '../../scripts/shell.mjs';
import { installedBuild, thisPlatform, type InstalledEngine } from '../../src/trainer/native/engineCache.ts';
import { builds, packName, type EngineBuild } from '../../src/trainer/native/pins.ts';
import { repoRoot } from './root.ts';
import { writeStoredZip } from './zipFile.ts';

export interface PackedEngine {
  readonly build: EngineBuild;
  /** As the set-up installed it. */
  readonly installed: InstalledEngine;
  /** Where `npm run pack:engine` puts its pack. */
  readonly pack: string;
}

/** The engine for the processor that lies in this user's cache; undefined where there is none. */
export async function engineToPack(): Promise<PackedEngine | undefined> {
  for (const build of (builds[thisPlatform] ?? []).filter(({ cuda }) => cuda === undefined)) {
    const installed = await installedBuild(build, { cacheDir: userCacheFolder() });
    if (installed) return { build, installed, pack: join(repoRoot, 'out', packName(build, thisPlatform)) };
  }
  return undefined;
}

/** Runs `npm run pack:engine` on these wheels. Resolves with what it printed. */
export const packEngine = (wheel: string, { tensorflow }: EngineBuild): Promise<string> =>
  run(process.execPath, [join(repoRoot, 'scripts', 'packEngine.mjs'), '--from', wheel, '--tensorflow', tensorflow, '--stored']);

/** A pack of it, from a wheel that holds its libraries once more: ten seconds, so one that is newer than what it is made of serves. */
export async function packOf({ build, installed, pack }: PackedEngine, { anew = false } = {}): Promise<string> {
  const madeAt = await Promise.all([pack, bindingFile, join(repoRoot, 'scripts', 'packEngine.mjs')].map((path) => stat(path).then(({ mtimeMs }) => mtimeMs, () => 0)));
  if (!anew && madeAt[0]! > Math.max(...madeAt.slice(1))) return pack;
  const folder = await mkdtemp(join(repoRoot, 'out', 'wheel-')), { members } = build.packages[0]!;
  try {
    const wheel = join(folder, 'engine.whl');
    await writeStoredZip(wheel, {
      ...Object.fromEntries(members.map(({ path }) => [path, join(installed.library, basename(path))])),
      'engine.dist-info/LICENSE': join(repoRoot, 'third_party', 'tensorflow-c', 'LICENSE'),
    });
    await packEngine(wheel, build);
    return pack;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
