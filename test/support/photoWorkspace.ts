import { cp, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { repoRoot } from './root.ts';

/** A folder with `photos/<class>/…`: the first few of the sample's photos. */
export async function photoWorkspace(folder: string, { classes = 3, perClass = 8 } = {}): Promise<string> {
  const samples = join(repoRoot, 'samples', 'recycling6');
  for (const label of (await readdir(samples)).sort().slice(0, classes)) {
    const to = join(folder, 'photos', label);
    await mkdir(to, { recursive: true });
    for (const name of (await readdir(join(samples, label))).sort().slice(0, perClass)) await cp(join(samples, label, name), join(to, name));
  }
  return folder;
}
