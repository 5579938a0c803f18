import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileArchive } from './archive.ts';
import { failed } from './installProblems.ts';
import { nameOf } from './pins.ts';
import { holds, type Opened, type Source } from './source.ts';
import { readDirectory } from './zip.ts';

/** `--from`: a wheel, a jar or an engine pack at hand, or a folder of them. Told apart by what is in them, not by name. */
export function fileSource(from: string): Source {
  let opened: Promise<readonly Opened[]> | undefined;
  return {
    open: async (wanted) => {
      const holding = (await (opened ??= openAll(from))).filter(({ directory }) => holds(directory, wanted));
      // Wheels for other machines have the same members, of other sizes. When none fits, its sizes are what to complain of.
      return holding.find(({ directory }) => wanted.members.every(({ path, sizeBytes }) => directory.get(path)?.sizeBytes === sizeBytes)) ?? holding[0];
    },
    fetchBytesOf: () => 0,
    lacks: (builds) => failed(`${basename(from)} holds no TensorFlow library of a known package`, `give one of: ${builds.map(({ packages }) => packages.map(nameOf).join(' with ')).join('; ')}`),
    close: async () => {
      for (const { archive } of await opened?.catch(() => []) ?? []) await archive.close();
    },
  };
}

async function openAll(from: string): Promise<readonly Opened[]> {
  const files = (await stat(from)).isDirectory() ? (await readdir(from)).filter((name) => /\.(whl|jar|zip)$/i.test(name)).sort().map((name) => join(from, name)) : [from];
  return Promise.all(files.map(openFile));
}

/** A file on this disk, its directory read. */
export async function openFile(path: string): Promise<Opened> {
  const archive = await fileArchive(path);
  try {
    return { archive, directory: await readDirectory(archive), local: true, release: () => Promise.resolve() };
  } catch (error) {
    await archive.close();
    throw error;
  }
}
