import { build } from 'esbuild';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { repoRoot } from './root.ts';

/** Bundles files of the repository, as they are now, into a folder inside it (so that packages resolve). Returns path → bundle, and how to remove them. */
export async function bundled<Name extends string>(entries: Readonly<Record<Name, string>>): Promise<{ readonly files: Readonly<Record<Name, string>>; remove(): void }> {
  mkdirSync(join(repoRoot, 'out'), { recursive: true });
  const folder = mkdtempSync(join(repoRoot, 'out', 'bundled-'));
  await build({
    entryPoints: entries, absWorkingDir: repoRoot, outdir: folder, outExtension: { '.js': '.mjs' },
    bundle: true, platform: 'node', format: 'esm', target: 'node20', packages: 'external', logLevel: 'error',
  });
  const files = Object.fromEntries(Object.keys(entries).map((name) => [name, join(folder, `${name}.mjs`)])) as Record<Name, string>;
  return { files, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
